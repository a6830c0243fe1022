/** Longest name of a class, slice, model or branch that is shown. */
const longestName = 80;

// Control characters, zero-width and direction marks, and Unicode tags: nothing that a reader could see.
const unseen = /[\p{Cc}\p{Cf}\p{Co}]/gu;

// What GitHub's markdown gives a meaning in the middle of a line; an underscore only beside something else than a letter or digit.
const special = /[&<>|\\`*~[\]@#$]|:(?=\S)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;

/** Text as one line without what nobody could see; its spaces stay. Not escaped. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\r\n\u0085\u2028\u2029\t]/g, " ")
    .replace(unseen, "");
}

/** Text as one line of at most `longest` characters. Not escaped: for where no markdown is read. */
export function plainLine(text: string, longest: number): string {
  const line = visible(text).replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length > longest ? `${characters.slice(0, longest - 1).join("")}…` : line;
}

/**
 * Untrusted text as one line of GitHub-flavoured markdown that shows it literally, also in a table cell.
 * Special characters become character references. GitHub looks for mentions, issue numbers, emoji, links and mathematics in what
 * markdown has already rendered, so a zero-width space follows where one of those could begin.
 */
export function escapeText(text: string, longest = longestName): string {
  return plainLine(text, longest)
    .replace(special, (character) => `&#${character.charCodeAt(0)};${"@#:$".includes(character) ? "&#8203;" : ""}`)
    .replace(/\b(www(?=\.)|GH-(?=\d))/gi, "$1&#8203;");
}

/** An `http` or `https` address without credentials, fit for `[label](<address>)` in a table cell; `undefined` for any other address. */
export function safeUrl(address: string): string | undefined {
  const url = URL.parse(address);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return undefined;
  url.username = "";
  url.password = "";
  return url.href.replace(
    /[<>|\\`*_()[\]"']/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
