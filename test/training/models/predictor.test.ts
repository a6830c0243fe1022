import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { startNative } from "#test/parts/native.ts";
import { architectures, seededModel } from "#test/training/package/fixtures.ts";
import { startBackend } from "#training/backend.ts";
import { createPredictor } from "#training/models/predictor.ts";

const maxBatchSize = 7;

function inputs(model: LayersModel, rows: number): { values: Float32Array; shape: number[] } {
  const shape = [rows, ...(model.inputs[0]?.shape.slice(1).map(Number) ?? [])];
  const size = shape.reduce((product, length) => product * length, 1);
  return { values: Float32Array.from({ length: size }, (_, at) => ((at * 7919) % 1000) / 1000), shape };
}

/** Compares the compiled model with `model.predict`, for batches of every size. */
function compare(model: LayersModel): void {
  const predictor = createPredictor(model, maxBatchSize);
  try {
    for (let rows = 1; rows <= maxBatchSize; rows++) {
      const { values, shape } = inputs(model, rows);
      const expected = tf.tidy(() => (model.predict(tf.tensor(values, shape)) as tf.Tensor).dataSync());
      const actual = predictor.predict(values, rows);
      expect(actual).toHaveLength(expected.length);
      for (const [at, value] of actual.entries()) expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 5);
    }
    const before = tf.memory().numTensors;
    predictor.predict(inputs(model, 3).values, 3);
    expect(tf.memory().numTensors).toBe(before);
    expect(predictor.timings.map(({ size }) => size)).toEqual([1, 2, 3, 4, 6, 7]);
    for (const { ms } of predictor.timings) expect(ms).toBeGreaterThan(0);
  } finally {
    predictor.dispose();
  }
}

const names = Object.keys(architectures) as (keyof typeof architectures)[];

test.each(names)("a compiled %s answers as the model does, as a graph", async (name) => {
  await startNative();
  const model = seededModel(name);
  const before = tf.memory().numTensors;
  compare(model);
  expect(tf.memory().numTensors).toBe(before);
});

test("and operation by operation where there is no native backend", async () => {
  await startBackend("js", { tiny: true });
  compare(seededModel("cifar10"));
});

test("rows of another size, and more than a batch may have, are refused", async () => {
  await startNative();
  const predictor = createPredictor(seededModel("mlp"), 2);
  expect(() => predictor.predict(new Float32Array(5), 1)).toThrow("5 values for 1 rows: the model takes 4 a row");
  expect(() => predictor.predict(new Float32Array(12), 3)).toThrow("3 rows: at most 2 make a batch");
  predictor.dispose();
});
