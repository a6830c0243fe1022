import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { splice } from "#actions/gitops/splice.ts";

const digest = `sha256:${"ab".repeat(32)}`;

describe("one scalar changes and every other byte stays", () => {
  const cases: [name: string, source: string, path: (string | number)[], value: string, expected: string][] = [
    ["double quotes stay", 'a: "x" # why\n', ["a"], "y", 'a: "y" # why\n'],
    ["single quotes stay", "a: 'x'\n", ["a"], "it's", "a: 'it''s'\n"],
    ["plain stays plain", "a:   x   # why\nb: 1\n", ["a"], "v1.2-abc", "a:   v1.2-abc   # why\nb: 1\n"],
    ["plain is quoted where it would be a number", "a: x\n", ["a"], "1e5", 'a: "1e5"\n'],
    ["plain is quoted where it would be a comment", "a: x\n", ["a"], "b #c", 'a: "b #c"\n'],
    ["plain is quoted where it would be null", "a: x\n", ["a"], "", 'a: ""\n'],
    ["plain is quoted where it would be a map", "a: x\n", ["a"], "b: c", 'a: "b: c"\n'],
    ["a line break cannot add a key", "a: x\n", ["a"], "y\nevil: true", 'a: "y\\nevil: true"\n'],
    ["a line break leaves single quotes", "a: 'x'\n", ["a"], "y\nb", 'a: "y\\nb"\n'],
    [
      "flow maps",
      "l: [{name: s, tag: x}, {name: t, tag: x}] # c\n",
      ["l", 1, "tag"],
      "y",
      "l: [{name: s, tag: x}, {name: t, tag: y}] # c\n",
    ],
    ["flow maps with a comma in the value", "l: {a: x}\n", ["l", "a"], "y, b: z", 'l: {a: "y, b: z"}\n'],
    [
      "CRLF",
      '# top\r\na: x\r\nb:\r\n  c: "" # d\r\n',
      ["b", "c"],
      digest,
      `# top\r\na: x\r\nb:\r\n  c: "${digest}" # d\r\n`,
    ],
    ["a byte order mark", "\uFEFFa: x\nb: y\n", ["b"], "z", "\uFEFFa: x\nb: z\n"],
    ["no line end at the end", "a: 1\nb: x", ["b"], "y", "a: 1\nb: y"],
    ["anchors of others", "x: &k v\ny: *k\na: old\n", ["a"], "new", "x: &k v\ny: *k\na: new\n"],
    ["text that is not ASCII", "ä: 'ö' # 日本語 🙂\nb: x # ß\n", ["b"], "y", "ä: 'ö' # 日本語 🙂\nb: y # ß\n"],
    [
      "keys with slashes and dots",
      'a:\n  slipway/model-version: ""\n',
      ["a", "slipway/model-version"],
      "3",
      'a:\n  slipway/model-version: "3"\n',
    ],
  ];
  for (const [name, source, path, value, expected] of cases) {
    test(name, () => {
      const result = splice(source, [{ path, value }]);
      expect(result).toBe(expected);
      expect(path.reduce((node, key) => node[key], parse(result))).toBe(value);
    });
  }

  test("numbers stay numbers", () => {
    expect(splice("a: 0 # why\n", [{ path: ["a"], value: 2 }])).toBe("a: 2 # why\n");
  });

  test("several edits hold together", () => {
    const source = "a: x\nb: 'y'\nc: \"\"\n";
    const edits = ["a", "b", "c"].map((key) => ({ path: [key], value: `${key}${key}` }));
    expect(splice(source, edits)).toBe("a: aa\nb: 'bb'\nc: \"cc\"\n");
  });
});

describe("what cannot be changed in place is refused with the reason", () => {
  const cases: [name: string, source: string, message: RegExp][] = [
    ["an alias", "x: &k v\na: *k\n", /a: is the alias \*k/],
    ["an anchored scalar", "a: &k v\nb: *k\n", /a: carries the anchor &k/],
    ["an absent key", "b: 1\n", /a: no such value/],
    ["an empty value", "a:\nb: 1\n", /a: is empty; write ""/],
    ["a map", "a:\n  b: 1\n", /a: no such value/],
    ["a literal block", "a: |\n  x\n", /a: is a block of text/],
    ["a folded block", "a: >-\n  x\n", /a: is a block of text/],
    ["a tag", "a: !!str x\n", /a: carries the tag/],
    ["broken YAML", "a: [\n", /not valid YAML/],
    ["a key twice", "a: 1\na: 2\n", /not valid YAML.*unique/s],
    ["two documents", "a: 1\n---\na: 2\n", /not valid YAML/],
    ["a key that only a merge brings", "x: &m {a: 1}\ny:\n  <<: *m\n", /a: no such value/],
  ];
  test.each(cases)("%s", (_name, source, message) => {
    expect(() => splice(source, [{ path: ["a"], value: "new" }])).toThrow(message);
  });
});
