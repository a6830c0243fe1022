import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import { escapeText, safeUrl } from "#actions/io/escape.ts";
import { link, md, table } from "#actions/io/markdown.ts";

const render = (markdown: string) => micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()] });

/** The text that a reader of this HTML sees. */
function textOf(html: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return html.replace(/<[^>]*>/g, "").replace(/&(\w+);/g, (whole, name: string) => named[name] ?? whole);
}

// GitHub looks for these in what has been rendered; a zero-width space keeps them from being found.
const actsAfterRendering = [
  /(^|\W)@\w/,
  /#\d/,
  /\bGH-\d/i,
  /:[\w+-]+:/,
  /https?:\/\//,
  /\bwww\./,
  /\w@\w+\.\w/,
  /\$[^\s\u200b]/,
  /::\w/,
];

test.each([
  ["a mention", "@team and @org/team"],
  ["a table's end", "a | b || c |"],
  ["an escaped pipe", "a \\| b \\\\| c"],
  ["emphasis", "*a* **b** _c_ __d__ ~~e~~"],
  ["code", "`a` ``b`` ```c"],
  ["HTML", '<script>alert("x")</script><img src=x onerror=alert(1)>'],
  ["a comment", "<!-- hidden --> shown"],
  ["a closed cell", "</td></tr></table></details>"],
  ["a link", "[click](javascript:alert(1))"],
  ["the end of a link", "](javascript:alert(1))"],
  ["an image", "![x](https://evil.example/p.png)"],
  ["a reference", "[a]: https://evil.example 'x' [b][c] [^1]"],
  ["an address", "see https://evil.example/?a=b, www.evil.example or me@evil.example"],
  ["an automatic link", "<https://evil.example>"],
  ["issue numbers", "fixes #1, org/repo#2, GH-3"],
  ["emoji", ":tada: :+1:"],
  ["mathematics", "$x$ and $$y$$"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a workflow would expand
  ["a workflow expression", "${{ secrets.TOKEN }}"],
  ["a workflow command", "::set-output name=a::b"],
  ["character references", "&lt;b&gt; &#64;team &amp;amp;"],
  ["a heading", "# not a heading"],
  ["a list and a quotation", "- [x] a > b 1. c"],
  ["a rule", "---"],
  ["a name like a column", "sepal_length, a_, _b, c__d"],
  ["other writing", "naïve 日本語 עברית 🌷"],
])("%s is shown as it is and does nothing", (_, text) => {
  const cell = render(table(["a", "b"], [[text, "after"]]).markdown);
  const paragraph = render(md`before ${text} after`.markdown);
  expect(cell.match(/<[^>]*>/g)?.filter((tag) => !/^<\/?(table|thead|tbody|tr|th|td)>$/.test(tag))).toEqual([]);
  expect(cell.match(/<td>/g)).toHaveLength(2);
  expect(paragraph.match(/<[^>]*>/g)).toEqual(["<p>", "</p>"]);
  for (const html of [cell, paragraph]) {
    expect(textOf(html).replaceAll("\u200b", "")).toContain(text);
    for (const pattern of actsAfterRendering) expect(textOf(html)).not.toMatch(pattern);
  }
});

test.each([
  ["line breaks become spaces", "a\nb\r\n\r\nc\u2028d\te", "a b c d e"],
  ["what nobody sees is dropped", "a\u0000\u0007b\u200bc\u202edcba\u2066x\u{e0041}", "abcdcbax"],
  ["half a character is replaced", "a\ud800b", "a\ufffdb"],
  ["an end of whitespace is dropped", "  a  ", "a"],
])("%s", (_, text, expected) => {
  expect(escapeText(text)).toBe(expected);
});

test("a long name is cut between characters", () => {
  expect(escapeText("🌷".repeat(200))).toBe(`${"🌷".repeat(79)}…`);
  expect(escapeText("a".repeat(80))).toBe("a".repeat(80));
});

test("cutting never leaves a character reference open", () => {
  expect(escapeText("<".repeat(500), 3)).toBe("&#60;&#60;…");
});

test.each([
  ["javascript:alert(1)", undefined],
  ["data:text/html,x", undefined],
  ["not an address", undefined],
  ["ftp://example.com", undefined],
  ["http://user:secret@mlflow:5000/#/experiments/1", "http://mlflow:5000/#/experiments/1"],
  ["https://example.com/a b)|c>[d]`e\\f", "https://example.com/a%20b%29%7Cc%3E%5Bd%5D%60e/f"],
])("the address %s becomes %s", (address, expected) => {
  expect(safeUrl(address)).toBe(expected);
});

test("a link to an address that is not one is its label alone", () => {
  expect(link("@run", "javascript:alert(1)").markdown).toBe("&#64;&#8203;run");
  expect(render(link("run 1", "https://example.com/a|b").markdown)).toBe(
    '<p><a href="https://example.com/a%7Cb">run 1</a></p>',
  );
});
