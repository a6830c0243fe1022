import "@tensorflow/tfjs-backend-cpu";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runOracle } from "#test/parts/python.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { type NestedNumbers, Rows } from "#training/package/package.ts";
import { writePackage } from "#training/package/write.ts";
import { architectures, contentsOf, seededModel } from "./fixtures.ts";

const Answers = z.object({
  example: Rows,
  serving: Rows,
  keras: Rows,
  tf_keras: Rows,
  pyfunc: Rows,
  refusal: z.string().nullable(),
  summary: z.string(),
  metadata: z.looseObject({ name: z.string(), temperature: z.number() }),
});
const names = Object.keys(architectures) as (keyof typeof architectures)[];

const folder = await temporaryFolder();
const packages = Object.fromEntries(names.map((name) => [name, join(folder.path, name)]));
const ours = new Map<string, number[]>();
let answers: Record<string, z.infer<typeof Answers>>;

beforeAll(async () => {
  for (const name of names) {
    const model = seededModel(name);
    const contents = contentsOf(model, { name });
    await writePackage(join(folder.path, name), contents);
    const shape = [3, ...(model.inputs[0]?.shape.slice(1).map(Number) ?? [])];
    ours.set(name, [...tidy(() => (model.predict(tensor(contents.inputExample, shape)) as Tensor).dataSync())]);
  }
  answers = z.record(z.string(), Answers).parse(await runOracle("test/training/package/keras_oracle.py", packages));
}, 300_000);
afterAll(() => folder[Symbol.asyncDispose]());

describe.each(names)("a package of the %s model in Python", (name) => {
  test.each(["keras", "tf_keras", "pyfunc"] as const)("predicts the same through %s", (reader) => {
    const theirs = flat(answers[name]?.[reader]);
    expect(theirs.length).toBe(ours.get(name)?.length);
    for (const [index, probability] of theirs.entries())
      expect(probability).toBeCloseTo(ours.get(name)?.[index] ?? Number.NaN, 5);
  });

  test("refuses a wrong shape by its signature", () => {
    expect(answers[name]?.refusal).toMatch(/Shape of input .* does not match expected shape/);
  });

  test("gives MLflow its input example, its serving example and its metadata", () => {
    expect(answers[name]?.serving).toEqual(answers[name]?.example);
    expect(answers[name]?.metadata).toMatchObject({ name, temperature: 1.25 });
  });
});

test.each(["softmax", "mlp", "cnn", "cifar10"])("the summary of the %s model is what Keras prints", async (name) => {
  const summary = await readFile(join(folder.path, name, "model_summary.txt"), "utf8");
  expect(summary.trimEnd()).toBe(answers[name]?.summary.trimEnd());
});

test("the summary of a model with branches has Keras' columns, with the layers that each one follows", async () => {
  const summary = await readFile(join(folder.path, "residual", "model_summary.txt"), "utf8");
  expect(summary).toContain("┃ Connected to");
  expect(summary).toMatch(/add \(Add\) .* conv2d\[0\]\[0\], .*\n.* depthwise_conv2d\[0\]\[0\] /);
  const counts = (text = "") => text.match(/\S+ params: .*/g);
  expect(counts(summary)).toEqual(counts(answers["residual"]?.summary));
});

function flat(value: NestedNumbers | undefined): number[] {
  return typeof value === "number" ? [value] : (value ?? []).flatMap(flat);
}
