import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startNative } from "#test/parts/native.ts";
import { runOracle } from "#test/parts/python.ts";
import { compile } from "#training/graph/compile.ts";
import { softmaxCrossEntropy } from "#training/graph/fused.ts";
import type { Optimizer } from "#training/graph/optimizer.ts";

const rates = [0.1, 0.1, 0.05, 0.05, 0.02, 0.02];

interface Rule {
  optimizer: Optimizer;
  clipNorm?: number;
  keras: Record<string, unknown>;
}

const rules: Record<string, Rule> = {
  "gradient descent": { optimizer: { kind: "sgd" }, keras: { kind: "sgd" } },
  momentum: { optimizer: { kind: "sgd", momentum: 0.9 }, keras: { kind: "sgd", momentum: 0.9 } },
  "Nesterov's momentum": {
    optimizer: { kind: "sgd", momentum: 0.9, nesterov: true },
    keras: { kind: "sgd", momentum: 0.9, nesterov: true },
  },
  Adam: { optimizer: { kind: "adam" }, keras: { kind: "adam" } },
  "Adam with its own numbers": {
    optimizer: { kind: "adam", beta1: 0.8, beta2: 0.99, epsilon: 1e-3 },
    keras: { kind: "adam", beta_1: 0.8, beta_2: 0.99, epsilon: 1e-3 },
  },
  AdamW: { optimizer: { kind: "adamw", weightDecay: 0.3 }, keras: { kind: "adamw", weight_decay: 0.3 } },
  "Adam on clipped gradients": {
    optimizer: { kind: "adam" },
    clipNorm: 0.05,
    keras: { kind: "adam", global_clipnorm: 0.05 },
  },
  "momentum on clipped gradients": {
    optimizer: { kind: "sgd", momentum: 0.9 },
    clipNorm: 0.05,
    keras: { kind: "sgd", momentum: 0.9, global_clipnorm: 0.05 },
  },
};

const numbers = (length: number, salt: number) =>
  Array.from({ length }, (_, place) => Math.fround(Math.sin(place * 12.9898 + salt * 78.233)));
const data = {
  x: { shape: [12, 5], values: numbers(60, 1), dtype: "float32" },
  y: {
    shape: [12, 4],
    values: Array.from({ length: 48 }, (_, place) => Number(place % 4 === (place >> 2) % 4)),
    dtype: "float32",
  },
  weights: [
    { shape: [5, 4], values: numbers(20, 2), dtype: "float32" },
    { shape: [4], values: numbers(4, 3), dtype: "float32" },
  ],
};

function optimize({ optimizer, clipNorm }: Rule, mode: "graph" | "eager"): number[][] {
  const [kernel, bias] = data.weights.map(({ values, shape }) => tf.variable(tf.tensor(values, shape)));
  if (!kernel || !bias) throw new Error("two variables are made");
  const x = tf.tensor2d(data.x.values, [12, 5]);
  const y = tf.tensor2d(data.y.values, [12, 4]);
  const program = compile({ variables: [kernel, bias], optimizer, mode, ...(clipNorm ? { clipNorm } : {}) });
  const step = program.training((inputs, wanted) => {
    const logits = tf.tanh(tf.add(tf.matMul(inputs as tf.Tensor2D, kernel as tf.Tensor2D), bias));
    return [tf.mean(softmaxCrossEntropy(wanted as tf.Tensor2D, logits as tf.Tensor2D)) as tf.Scalar];
  });
  for (const rate of rates) tf.dispose(step.run([x, y], rate));
  const weights = [[...kernel.dataSync()], [...bias.dataSync()]];
  program.dispose();
  tf.dispose([kernel, bias, x, y]);
  return weights;
}

function largestDifference(a: readonly number[][], b: readonly number[][]): number {
  return Math.max(
    ...a.flatMap((values, row) => values.map((value, place) => Math.abs(value - (b[row]?.[place] ?? Number.NaN)))),
  );
}

describe("six steps of", () => {
  let oracle: Record<string, number[][]>;

  beforeAll(async () => {
    const asked = Object.entries(rules).map(([name, { keras }]) => [
      name,
      { optimizer: keras, steps: 6, rates, ...data },
    ]);
    const answering = runOracle("test/training/graph/families.py", { optimizers: Object.fromEntries(asked) });
    await startNative();
    const Answers = z.object({ optimizers: z.record(z.string(), z.array(z.array(z.number()))) });
    oracle = Answers.parse(await answering).optimizers;
  });

  test.each(Object.keys(rules))("%s in a graph end in Keras' weights", (name) => {
    const weights = optimize(rules[name] as Rule, "graph");
    expect(largestDifference(weights, oracle[name] ?? [])).toBeLessThan(3e-6);
  });

  test.each(Object.keys(rules))("%s without a graph end in the same weights", (name) => {
    const weights = optimize(rules[name] as Rule, "eager");
    expect(largestDifference(weights, oracle[name] ?? [])).toBeLessThan(3e-6);
  });
});
