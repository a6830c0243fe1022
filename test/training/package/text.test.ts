import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { startNative } from "#test/parts/native.ts";
import { runOracle } from "#test/parts/python.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { forward } from "#training/models/forward.ts";
import { createInference } from "#training/models/inference.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import { digestsFile, sha256 } from "#training/package/digests.ts";
import type { ModelPackage } from "#training/package/package.ts";
import { readPackage } from "#training/package/read.ts";
import { writePackage } from "#training/package/write.ts";
import { openCheckpoint } from "#training/pretrained/files.ts";
import { rowsOf } from "#training/text/tokenized.ts";
import { createTextEncoder } from "#training/text/tokenizer.ts";

const kinds = ["bert", "distilbert"] as const;
const classes = ["ham", 'spam "&" eggs', "日本"];
const maxTokens = 32;
const folder = await temporaryFolder();
const packageOf = (kind: string) => join(folder.path, `${kind}-package`);
const texts = [
  "Where is my parcel?",
  "I paid TWICE for the lamp!",
  "Café – naïve, zażółć",
  "the constructor of a prototype",
  "[SEP] [PAD] unk \u{1F600}",
];
const long = "the lamp stopped working ".repeat(40);

type Answer = Record<"ids" | "logits", number[][]> & {
  labels: string[];
  scores: Record<string, number>;
  pyfunc: { label: string[]; score: number[] };
  example: { label: string[]; score: number[] };
};
let answers: Record<string, Answer> = {};

beforeAll(async () => {
  await startNative();
  for (const kind of kinds) {
    await writeSmallCheckpoint(join(folder.path, kind), kind);
    await writePackage(packageOf(kind), await contentsOf(join(folder.path, kind)));
  }
  const folders = Object.fromEntries(kinds.map((kind) => [kind, packageOf(kind)]));
  answers = (await runOracle("test/training/package/text_oracle.py", { folders, texts, long })) as typeof answers;
});

afterAll(async () => await folder[Symbol.asyncDispose]());

async function contentsOf(checkpoint: string, name = "mail") {
  const pretrained = parseCheckpoint(await openCheckpoint(checkpoint, { root: ".", info: () => undefined }));
  const frozen = { embeddings: false, blocks: 0 };
  const model = transformer(pretrained, { classes: classes.length, maxTokens, frozen, seed: 3 });
  const encoder = createTextEncoder(pretrained.tokenizer, maxTokens);
  const statistics = { count: 2, mean: 1, std: 0.5, min: 0.5, max: 1.5, quantiles: [{ probability: 0.5, value: 1 }] };
  const text = { maxTokens, classes: classes.length, pretrained: { uri: "hf://small", license: "cc0-1.0" } };
  return {
    model,
    classes,
    info: { name, architecture: "transformer", description: 'Mail: "spam" or not', temperature: 1, text },
    inputExample: rowsOf(texts, encoder),
    text: { pretrained, examples: texts.slice(0, 2) },
    reference: {
      rows: { train: 2, validation: 2 },
      inputs: [{ name: "tokens", ...statistics, histogram: { edges: [0.5, 1, 1.5], counts: [1, 1] } }],
      labels: [1, 1, 0],
      predictions: [2, 0, 0],
      confidence: { edges: [0, 0.5, 1], counts: [0, 2] },
    },
  };
}

function logitsOf({ model, text }: ModelPackage, asked: readonly string[]): Float32Array {
  if (!text) throw new Error("a model of texts was expected");
  const inputs = rowsOf(asked, text.encoder);
  const inference = createInference(model, { size: () => 1 }, (rows) => forward(model as Sequential, rows));
  try {
    return inference.run(inputs, [asked.length, inputs.length / asked.length]);
  } finally {
    inference.dispose();
  }
}

describe.each(kinds)("a package of %s", (kind) => {
  test("is read back with its tokenizer and the answers of PyTorch", async () => {
    const read = await readPackage(packageOf(kind));
    const answer = answers[kind];
    expect(read.classes).toEqual(classes);
    expect(read.info.text?.pretrained).toEqual({ uri: "hf://small", license: "cc0-1.0" });
    expect(texts.concat(long).map((text) => read.text?.encoder.encode(text))).toEqual(answer?.ids);
    expect(answer?.ids.at(-1)).toHaveLength(maxTokens);
    const logits = logitsOf(read, texts);
    const worst = logits.map((logit, index) => Math.abs(logit - (answer?.logits.flat()[index] ?? Number.NaN)));
    expect(Math.max(...worst)).toBeLessThan(1e-4);
    expect(new Set(answer?.logits.flat().map((logit) => logit.toFixed(3))).size).toBeGreaterThan(8);
    read.model.dispose();
  });

  test("maps texts to class names and their probabilities in MLflow, long texts too", async () => {
    const read = await readPackage(packageOf(kind));
    const { pyfunc, labels, scores, example } = answers[kind] ?? ({} as Answer);
    const logits = logitsOf(read, [...texts, long]);
    const expected = [...texts, long].map((_, row) => {
      const powers = [...logits.subarray(row * 3, row * 3 + 3)].map(Math.exp);
      return powers.map((power) => power / powers.reduce((sum, value) => sum + value, 0));
    });
    expect(pyfunc.label.slice(0, texts.length)).toEqual(labels);
    expect(pyfunc.label).toEqual(expected.map((row) => classes[row.indexOf(Math.max(...row))]));
    for (const [row, score] of pyfunc.score.entries()) expect(score).toBeCloseTo(Math.max(...(expected[row] ?? [])), 4);
    for (const [at, name] of classes.entries()) expect(scores[name]).toBeCloseTo(expected[0]?.[at] ?? -1, 4);
    expect(example.label).toEqual(labels.slice(0, 2));
    read.model.dispose();
  });

  test("is the same bytes for the same model", async () => {
    const again = join(folder.path, `${kind}-again`);
    await writePackage(again, await contentsOf(join(folder.path, kind)));
    const digests = (path: string) => readFile(join(path, digestsFile), "utf8");
    expect(await digests(again)).toBe(await digests(packageOf(kind)));
  });
});

describe("a package is refused, with the file's name,", () => {
  let copies = 0;
  /** A copy with one file changed, and with digests that hide it where `isForged`. */
  async function changed(file: string, change: (bytes: Buffer) => Buffer, isForged: boolean): Promise<string> {
    const path = join(folder.path, `changed-${copies++}`);
    await cp(packageOf("bert"), path, { recursive: true });
    const bytes = change(await readFile(join(path, file)));
    await writeFile(join(path, file), bytes);
    if (!isForged) return path;
    const list = await readFile(join(path, digestsFile), "utf8");
    const line = new RegExp(`^[0-9a-f]{64}  ${file}$`, "m");
    await writeFile(join(path, digestsFile), list.replace(line, `${sha256(bytes).slice(7)}  ${file}`));
    return path;
  }
  const damaged = (bytes: Buffer) => {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    return bytes;
  };
  const replace = (from: RegExp, to: string) => (bytes: Buffer) => Buffer.from(bytes.toString().replace(from, to));

  const cases: [string, string, (bytes: Buffer) => Buffer, boolean, RegExp][] = [
    ["for weights that changed", "model/model.safetensors", damaged, false, /model\/model\.safetensors: its digest/],
    [
      "for weights cut short",
      "model/model.safetensors",
      (bytes) => bytes.subarray(0, 5000),
      true,
      /model\.safetensors/,
    ],
    [
      "for a vocabulary larger than the encoder's",
      "model/config.json",
      replace(/"vocab_size": \d+/, '"vocab_size": 20'),
      true,
      /vocabulary of 20/,
    ],
    [
      "for another width",
      "model/config.json",
      replace(/"hidden_size": 32/, '"hidden_size": 64'),
      true,
      /has the shape/,
    ],
    ["for another architecture", "model/config.json", replace(/"bert"/, '"gpt2"'), true, /model_type "gpt2"/],
    ["for a tokenizer that is none", "model/tokenizer.json", () => Buffer.from("{}"), true, /model\/tokenizer\.json/],
    ["for classes too few", "class_names.txt", () => Buffer.from("a\nb\n"), true, /class_names\.txt: 2 classes/],
    ["for an example that is no text", "input_example.json", () => Buffer.from("[[1]]"), true, /input_example\.json/],
    ["that says it takes numbers", "MLmodel", replace(/ {2}text:\n( {4}.*\n)+/, ""), true, /MLmodel/],
  ];
  test.each(cases)("%s", async (...[, file, change, isForged, reason]) => {
    const path = await changed(file, change, isForged);
    const error = await readPackage(path).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(BadInputError);
    expect((error as Error).message).toMatch(reason);
  });

  test("for a weight that is no number", async () => {
    const nan = (bytes: Buffer) => {
      bytes.writeFloatLE(Number.NaN, bytes.length - 4);
      return bytes;
    };
    const path = await changed("model/model.safetensors", nan, true);
    await expect(readPackage(path)).rejects.toThrow(/model\.safetensors: \S+ holds NaN/);
    const contents = await contentsOf(join(folder.path, "bert"));
    const [, classifier] = contents.model.layers;
    classifier?.setWeights([tf.fill([32, 3], Number.NaN), tf.zeros([3])]);
    await expect(writePackage(join(folder.path, "diverged"), contents)).rejects.toThrow(/classifier\.weight holds NaN/);
  });
});
