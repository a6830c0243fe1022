import { glob, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readTools } from "#config/tools.ts";
import { runOracle } from "#test/parts/python.ts";
import { rowsOf } from "#training/text/tokenized.ts";
import { createTextEncoder, noToken, type TokenizerFiles, tokenCount } from "#training/text/tokenizer.ts";
import { tokenizerOfVocabulary } from "#training/text/vocabulary.ts";

const root = resolve(import.meta.dirname, "../../..");
const folder = readTools(root).miniLm ?? "";
const maxTokens = 48;
const odd = [
  ...[
    "Straße, Ærøskøbing, ﬁne ﬂow",
    "日本語のテキスト",
    "naïve café — “quoted”",
    "a\u0301e\u0301",
    "\u200bzero\u00adwidth",
    "😀👩‍👩‍👧",
  ],
  ...[
    "don't can't won't",
    "1,000.50€ (50%)",
    "[CLS] text [SEP] [MASK]",
    "UPPER lower MiXeD",
    "x".repeat(150),
    "ا\u064bلعربية",
    "İstanbul",
  ],
];
let files: TokenizerFiles;
let texts: string[];

beforeAll(async () => {
  files = {
    tokenizer: JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8")),
    config: JSON.parse(await readFile(join(folder, "tokenizer_config.json"), "utf8")),
  };
  texts = [...(await sentences(5000)), ...odd];
});

/** Lines that people wrote: of the READMEs of the packages that the project uses. */
async function sentences(count: number): Promise<string[]> {
  const found = new Set<string>();
  for await (const path of glob("node_modules/{*,@*/*}/README.md", { cwd: root })) {
    const text = await readFile(join(root, path), "utf8");
    for (const line of text.split("\n")) if (/\w+ \w+ \w+/.test(line)) found.add(line.trim());
    if (found.size >= count) break;
  }
  return [...found].slice(0, count);
}

describe("token ids", () => {
  test("of 5,000 real sentences, and odd ones, are those of Hugging Face's own library", async () => {
    expect(texts.length).toBe(5000 + odd.length);
    const reference = (await runOracle("test/training/text/tokenizer.oracle.py", { folder, texts, maxTokens })) as {
      ids: number[][];
      old: number[][];
    };
    const encoder = createTextEncoder(files, maxTokens);
    const wrong = texts.filter((text, index) => encoder.encode(text).join() !== reference.ids[index]?.join());
    expect(wrong).toEqual([]);
    const vocabulary = await readFile(join(folder, "vocab.txt"), "utf8");
    const tokenizer = tokenizerOfVocabulary(vocabulary, files.config);
    const old = createTextEncoder({ tokenizer, config: files.config }, maxTokens);
    expect(texts.filter((text, index) => old.encode(text).join() !== reference.old[index]?.join())).toEqual([]);
  });

  test("are filled up to what the longest text of a batch needs", () => {
    const encoder = createTextEncoder(files, maxTokens);
    const rows = rowsOf(["one", "one two three ".repeat(6)], encoder);
    expect(rows).toHaveLength(2 * 24);
    expect([...rows.subarray(0, 4)]).toEqual([101, 2028, 102, noToken]);
    expect(tokenCount(rows.subarray(0, 24))).toBe(3);
    expect(tokenCount(rows.subarray(24))).toBe(20);
    expect(rowsOf(["word ".repeat(500)], encoder)).toHaveLength(maxTokens);
    expect(rowsOf(["word"], encoder, maxTokens)).toHaveLength(maxTokens);
  });

  test("of an endless word, a lone surrogate and nothing at all are soon there", () => {
    const encoder = createTextEncoder(files, maxTokens);
    const startMs = performance.now();
    expect(encoder.encode("x".repeat(10_000_000))).toEqual([101, 100, 102]);
    expect(performance.now() - startMs).toBeLessThan(20_000);
    expect(encoder.encode("\ud800").length).toBeLessThan(4);
    expect(encoder.encode("")).toEqual([101, 102]);
    expect(() => createTextEncoder(files, 3)).toThrow("leave no room for a text");
  });
});
