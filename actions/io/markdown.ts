import { escapeText, safeUrl, visible } from "./escape.ts";

/** Markdown that was written here, or escaped: everything else is plain text and gets escaped where it is put in. */
export interface Markdown {
  readonly markdown: string;
}

/** Markdown with values put in: text is escaped, markdown is taken as it is. */
export function md(parts: TemplateStringsArray, ...values: (string | number | Markdown)[]): Markdown {
  const [first = "", ...rest] = parts;
  return { markdown: first + rest.map((part, index) => inline(values[index] ?? "") + part).join("") };
}

/** Text longer than a name, such as a reason; escaped. */
export function prose(text: string): Markdown {
  return { markdown: escapeText(text, 600) };
}

/** A link where the address is an `http(s)` one, else the label alone. */
export function link(label: string, address: string): Markdown {
  const url = safeUrl(address);
  return url ? md`[${label}](<${{ markdown: url }}>)` : md`${label}`;
}

/** Parts one after another, `undefined` ones left out. */
export function join(parts: readonly (Markdown | undefined)[], separator = "\n\n"): Markdown {
  const present = parts.filter((part) => part !== undefined);
  return { markdown: present.map(({ markdown }) => markdown).join(separator) };
}

/** A table; columns whose title ends in `>` are aligned to the right. */
export function table(titles: readonly string[], rows: readonly (readonly (string | number | Markdown)[])[]): Markdown {
  const line = (cells: readonly (string | number | Markdown)[]) => `| ${cells.map(inline).join(" | ")} |`;
  const header = line(titles.map((title) => title.replace(/>$/, "")));
  const alignment = `| ${titles.map((title) => (title.endsWith(">") ? "---:" : "---")).join(" | ")} |`;
  return { markdown: [header, alignment, ...rows.map(line)].join("\n") };
}

/** Lines shown as they are, in a fence that none of them can close. `language` is what highlights them. */
export function codeBlock(language: string, lines: readonly string[]): Markdown {
  const shown = lines.map(visible);
  const longest = Math.max(0, ...shown.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return { markdown: [`${fence}${language}`, ...shown, fence].join("\n") };
}

/** A part that opens when its title is clicked. The title is not escaped: no untrusted text in it. */
export function details(title: string, content: Markdown): Markdown {
  return { markdown: `<details>\n<summary>${title}</summary>\n\n${content.markdown}\n\n</details>` };
}

function inline(value: string | number | Markdown): string {
  if (typeof value === "object") return value.markdown;
  return typeof value === "number" ? value.toLocaleString("en-US") : escapeText(value);
}
