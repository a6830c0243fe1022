import * as tf from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import { describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { Training } from "#config/schema.ts";
import { cifar10Files, loadCifar10Files } from "#test/parts/cifar10.ts";
import { weightsDigest } from "#test/parts/iris-training.ts";
import { startNative } from "#test/parts/native.ts";
import { normalizeBatch } from "#training/models/batch-norm.ts";
import { buildModel } from "#training/models/build.ts";
import { calibrate } from "#training/models/calibrate.ts";
import { forward } from "#training/models/forward.ts";
import { predict } from "#training/predict.ts";
import { createStep } from "#training/train/step.ts";
import { train } from "#training/train/train.ts";

const shape = { inputShape: [32, 32, 3], classes: 10 };
const small = (knobs: object = {}) =>
  Training.parse({ batchSize: 32, learningRate: 0.01, channels: [6, 8], optimizer: "adamw", epochs: 3, ...knobs });

await startNative();
const dataset = await loadCifar10Files(cifar10Files());

async function trained(knobs: object = {}): Promise<{ model: Sequential; accuracy: number }> {
  const training = small(knobs);
  const model = buildModel("cnn", shape, training);
  let accuracy = 0;
  for await (const { point } of train(model, dataset, { training })) accuracy = point.validationAccuracy;
  return { model, accuracy };
}

describe("batch normalisation by one kernel", () => {
  const x = () => tf.randomNormal<tf.Rank.R4>([4, 5, 6, 3], 2, 3, "float32", 1);
  const normalization = { scale: tf.tensor1d([1, 2, 0.5]), offset: tf.tensor1d([0, -1, 3]), epsilon: 1e-3 };
  const weighting = tf.randomNormal([4, 5, 6, 3], 0, 1, "float32", 2);
  const formula = (input: tf.Tensor4D, { scale, offset, epsilon }: typeof normalization) => {
    const { mean, variance } = tf.moments(input, [0, 1, 2]);
    return {
      y: tf.batchNorm(input, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale, epsilon),
      mean,
      variance,
    };
  };
  const values = (tensor: tf.Tensor | undefined) => [...(tensor?.dataSync() ?? [])];
  const expectClose = (actual: tf.Tensor | undefined, expected: tf.Tensor | undefined) => {
    expect(actual?.shape).toEqual(expected?.shape);
    const wanted = values(expected);
    for (const [at, value] of values(actual).entries()) expect(value).toBeCloseTo(wanted[at] ?? Number.NaN, 4);
  };

  test("gives what the formula gives, and the statistics of the population", () => {
    const [actual, expected] = [normalizeBatch(x(), normalization), formula(x(), normalization)];
    for (const name of ["y", "mean", "variance"] as const) expectClose(actual[name], expected[name]);
  });

  test("has the formula's gradients", () => {
    const gradients = (normalize: (...given: Parameters<typeof formula>) => { y: tf.Tensor }) =>
      tf.grads((input, scale, offset) => {
        const own = { scale: scale as tf.Tensor1D, offset: offset as tf.Tensor1D, epsilon: normalization.epsilon };
        return tf.sum(tf.mul(normalize(input as tf.Tensor4D, own).y, weighting));
      })([x(), normalization.scale, normalization.offset]);
    const [actual, expected] = [gradients(normalizeBatch), gradients(formula)];
    for (const [at, gradient] of actual.entries()) expectClose(gradient, expected[at]);
  });
});

describe("the convolutional network", () => {
  test("learns, the same seed to the same weights, and leaves no tensor behind", async () => {
    const first = await trained({ dropout: 0.2, augmentation: { flip: false, shift: 1 } });
    expect(first.accuracy).toBeGreaterThan(0.4);
    const before = tf.memory().numTensors;
    const second = await trained({ dropout: 0.2, augmentation: { flip: false, shift: 1 } });
    expect(weightsDigest(second.model)).toBe(weightsDigest(first.model));
    second.model.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const other = await trained({ dropout: 0.2, augmentation: { flip: false, shift: 1 }, seed: 7 });
    expect(weightsDigest(other.model)).not.toBe(weightsDigest(first.model));
  });

  test("answers whole batches as it answers single images, once it is trained", async () => {
    const { model } = await trained();
    const together = await predict(model, dataset.test);
    for (const index of [0, 31, 59]) {
      const alone = await predict(model, dataset.test, [index]);
      for (const [at, value] of alone.entries()) expect(value).toBeCloseTo(together[index * 10 + at] ?? Number.NaN, 5);
    }
  });

  test("normalises colours by what it saw in training", async () => {
    const { model } = await trained({ epochs: 10, channels: [2] });
    const [mean, variance] = model.layers[0]?.getWeights().map((weight) => [...weight.dataSync()]) ?? [];
    const { inputs } = await dataset.train.read(Array.from({ length: dataset.train.length }, (_, index) => index));
    const actual = inputs.reduce((sum, value) => sum + value, 0) / inputs.length;
    for (const value of mean ?? []) expect(value).toBeCloseTo(actual, 2);
    for (const value of variance ?? []) expect(value).toBeLessThan(0.1);
  });

  test("lets a step change every weight, and prediction none", async () => {
    const training = small();
    const model = buildModel("cnn", shape, training);
    const step = createStep(model, training);
    const batch = await dataset.train.read(Array.from({ length: 32 }, (_, index) => index));
    const before = model.getWeights().map((weight) => [...weight.dataSync()]);
    step.predict(batch);
    expect(model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(before);
    step.fit(batch, 0.01);
    for (const [at, weight] of model.getWeights().entries()) expect([...weight.dataSync()]).not.toEqual(before[at]);
    step.dispose();
  });

  test.each([
    ["cnn", [4], small(), "takes images"],
    ["mlp", [32, 32, 3], small(), "takes tables"],
    ["cnn", [4, 4, 3], small({ channels: [1, 1, 1, 1] }), "images of 4 x 4 x 3 get too small"],
  ] as const)("%s is refused for examples of shape %j", (architecture, inputShape, training, reason) => {
    const build = () => buildModel(architecture, { inputShape, classes: 2 }, training);
    expect(build).toThrow(BadInputError);
    expect(build).toThrow(reason);
  });
});

test("a temperature is folded into the logits, and into nothing else", async () => {
  const { model } = await trained({ dropout: 0.2 });
  const logits = () =>
    tf.tidy(() =>
      forward(model, tf.zeros([1, 32, 32, 3]))
        .dataSync()
        .slice(),
    );
  const before = logits();
  const temperature = await calibrate(model, dataset.validation);
  expect(temperature).not.toBe(1);
  for (const [at, logit] of logits().entries()) expect(logit).toBeCloseTo((before[at] ?? Number.NaN) / temperature, 4);
});
