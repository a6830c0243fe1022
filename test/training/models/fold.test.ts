import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, test } from "vitest";
import { Training } from "#config/schema.ts";
import { prepareIris, weightsDigest } from "#test/parts/iris-training.ts";
import { startBackend } from "#training/backend.ts";
import { buildModel } from "#training/models/build.ts";
import { calibrate, foldTemperature } from "#training/models/calibrate.ts";
import { logitsOf } from "#training/models/logits.ts";
import { foldScaling, measureScaling, scaled } from "#training/models/scaling.ts";
import { predict } from "#training/predict.ts";
import { train } from "#training/train/train.ts";

beforeAll(() => startBackend("js", { tiny: true }));

describe.each(["softmax", "mlp"] as const)("%s", (architecture) => {
  test("answers raw inputs, once scaling is folded in, as it did scaled ones", async () => {
    const { model, dataset, data, scaling, training } = await prepareIris(architecture, { epochs: 20 });
    for await (const { point } of train(model, data, { training })) expect(point.loss).toBeGreaterThan(0);
    const before = tf.memory().numTensors;
    const expected = await logitsOf(model, data.validation);
    foldScaling(model, scaling);
    const actual = await logitsOf(model, dataset.validation);
    for (const [index, logit] of actual.entries()) expect(logit).toBeCloseTo(expected[index] ?? Number.NaN, 4);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("gives the probabilities that the temperature asks for, once it is folded in", async () => {
    const { model, data } = await prepareIris(architecture);
    const logits = await logitsOf(model, data.validation);
    foldTemperature(model, 2.5);
    const softened = tf.tidy(() => tf.softmax(tf.div(tf.tensor2d(logits, [logits.length / 3, 3]), 2.5)).dataSync());
    const actual = await predict(model, data.validation);
    for (const [index, probability] of actual.entries())
      expect(probability).toBeCloseTo(softened[index] ?? Number.NaN, 6);
  });

  test("has the same weights for the same seed, and kernels of different layers differ", () => {
    const shape = { inputShape: [4], classes: 4 };
    const build = (seed: number) => buildModel(architecture, shape, Training.parse({ hiddenUnits: [4], seed }));
    expect(weightsDigest(build(1))).toBe(weightsDigest(build(1)));
    expect(weightsDigest(build(2))).not.toBe(weightsDigest(build(1)));
    const kernels = build(1)
      .getWeights()
      .filter((weight) => weight.rank === 2)
      .map((weight) => weight.dataSync().join());
    expect(new Set(kernels).size).toBe(architecture === "mlp" ? 2 : 1);
  });
});

test("scaling is measured on train alone, and a constant input is left at 0", async () => {
  const { dataset, scaling } = await prepareIris("softmax");
  const { inputs } = await dataset.train.read(Array.from({ length: dataset.train.length }, (_, index) => index));
  const first = [...inputs].filter((_, index) => index % 4 === 0);
  const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
  expect(scaling.mean[0]).toBeCloseTo(mean, 10);
  expect(scaling.deviation[0]).toBeCloseTo(
    Math.sqrt(first.reduce((sum, value) => sum + (value - mean) ** 2, 0) / first.length),
    10,
  );

  const constant = {
    ...dataset.train,
    read: async (indices: readonly number[]) => ({
      inputs: new Float32Array(indices.length * 4).fill(7),
      labels: new Int32Array(indices.length),
    }),
  };
  const flat = await measureScaling(constant);
  expect(flat.deviation).toEqual([1, 1, 1, 1]);
  expect([...(await scaled(constant, flat).read([0])).inputs]).toEqual([0, 0, 0, 0]);
});

test("calibrating lowers the log loss on validation, and returns the temperature it folded in", async () => {
  const { model, data } = await prepareIris("softmax", { salt: "split 1" }); // untrained, so far from calibrated
  const loss = async () => {
    const probabilities = await predict(model, data.validation);
    const losses = Array.from(
      { length: data.validation.length },
      (_, row) => -Math.log(probabilities[row * 3 + data.validation.label(row)] ?? 0),
    );
    return losses.reduce((sum, value) => sum + value, 0) / losses.length;
  };
  const [kernel, before] = [model.getWeights()[0]?.dataSync().slice(), await loss()];
  const temperature = await calibrate(model, data.validation);
  expect(await loss()).toBeLessThan(before);
  expect(model.getWeights()[0]?.dataSync()[0]).toBeCloseTo((kernel?.[0] ?? 0) / temperature, 6);
});

test("a model of another build is refused, not bent", () => {
  const convolution = sequential({
    layers: [layers.conv2d({ inputShape: [4, 4, 1], filters: 1, kernelSize: 2 }), layers.flatten()],
  });
  expect(() => foldScaling(convolution, { mean: [0], deviation: [1] })).toThrow("begins with a dense layer");
  expect(() => foldTemperature(convolution, 2)).toThrow("linear dense layer right before the softmax");
});
