import "@tensorflow/tfjs-backend-cpu";
import * as tfc from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { compileDense } from "#serving/engine/dense.ts";

type Activation = "linear" | "relu" | "tanh" | "sigmoid" | "softmax";

const dense = (units: number, activation: Activation = "linear", useBias = true) =>
  tfl.layers.dense({
    units,
    activation,
    useBias,
    kernelInitializer: tfl.initializers.randomNormal({ seed: units }),
    biasInitializer: tfl.initializers.randomNormal({ seed: units + 1 }),
  });

test.for<[string, () => tfl.layers.Layer[]]>([
  ["one layer", () => [dense(3, "softmax")]],
  [
    "hidden layers of every activation",
    () => [dense(16, "relu"), dense(5, "tanh"), dense(7, "sigmoid"), dense(3, "softmax")],
  ],
  ["no bias", () => [dense(8, "relu", false), dense(3, "softmax", false)]],
  [
    "dropout and activations of their own",
    () => [
      tfl.layers.dropout({ rate: 0.5 }),
      dense(6),
      tfl.layers.activation({ activation: "relu" }),
      dense(3),
      tfl.layers.activation({ activation: "softmax" }),
    ],
  ],
])("a model with %s gives what TensorFlow.js gives, to 1e-6", ([, layers]) => {
  const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [4] }), ...layers()] });
  const inputs = tfc.randomUniform([200, 4], -3, 30, "float32", 7);
  const expected = (model.predict(inputs) as tfc.Tensor).dataSync();
  const rows = inputs.dataSync() as Float32Array;
  const predict = compileDense(model);
  for (let row = 0; row < 200; row++) {
    const answer = predict(rows.subarray(4 * row, 4 * row + 4));
    for (const [at, value] of answer.entries()) {
      expect(Math.abs(value - (expected[3 * row + at] ?? Number.NaN))).toBeLessThan(1e-6);
    }
  }
});

test("logits far from zero do not overflow", () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, activation: "softmax", inputShape: [1] })] });
  model.setWeights([tfc.tensor2d([[1000, -1000]]), tfc.tensor1d([0, 0])]);
  expect([...compileDense(model)(Float32Array.of(30))]).toEqual([1, 0]);
});

test("a compiled model needs the TensorFlow.js one no longer", () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, activation: "softmax", inputShape: [1] })] });
  const predict = compileDense(model);
  const before = predict(Float32Array.of(1));
  model.dispose();
  expect(predict(Float32Array.of(1))).toEqual(before);
});

test("a layer that is not dense is refused by its name", () => {
  const conv = tfl.layers.conv1d({ filters: 2, kernelSize: 2, inputShape: [4, 1], name: "edges" });
  expect(() => compileDense(tfl.sequential({ layers: [conv] }))).toThrow(/layer edges is a Conv1D/);
});

test("a layer that is used twice is refused by its name", () => {
  const input = tfl.input({ shape: [2] });
  const twice = tfl.layers.dense({ units: 2, name: "twice" });
  const outputs = twice.apply(twice.apply(input)) as tfl.SymbolicTensor;
  expect(() => compileDense(tfl.model({ inputs: input, outputs }))).toThrow(/layer twice branches off/);
});
