import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients
import { beforeAll, describe, expect, test } from "vitest";
import { type Family, families } from "#test/training/graph/families.ts";
import { startBackend } from "#training/backend.ts";

const slope = (index: number, salt: number) => Math.fround(Math.sin(index * 12.9898 + salt * 78.233));
const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);

function differentiate({ weights, inputs, loss }: Family): number[][] {
  const named: Record<string, tf.Tensor> = {};
  for (const [place, [name, kind]] of Object.entries(inputs).entries()) {
    const shape = Array.isArray(kind) ? kind : kind.shape;
    const numbers = Array.from({ length: sizeOf(shape) }, (_, index) => slope(index, place));
    named[name] = Array.isArray(kind)
      ? tf.tensor(numbers, shape)
      : tf.tensor(
          numbers.map((number) => Math.floor(Math.abs(number) * 1000) % kind.below),
          shape,
          "int32",
        );
  }
  const shapes = Object.values(weights);
  const tensors = shapes.map((shape, place) =>
    tf.tensor(
      Array.from({ length: sizeOf(shape) }, (_, index) => slope(index, place + 3)),
      shape,
    ),
  );
  const names = Object.keys(weights);
  const gradients = tf.grads((...given: tf.Tensor[]) =>
    loss({ ...named, ...Object.fromEntries(given.map((tensor, place) => [names[place], tensor])) }),
  )(tensors);
  return gradients.map((gradient) => [...gradient.dataSync()]);
}

// Masks are drawn in a program; of depthwise convolutions tfjs has no gradient on wasm.
const tested = Object.keys(families).filter((name) => !["dropout", "depthwise convolution"].includes(name));

describe("on wasm the gradients", () => {
  const javascript: Record<string, number[][]> = {};
  const gradientOfPooling = () =>
    tf
      .grad((x: tf.Tensor) => tf.sum(tf.maxPool(x as tf.Tensor4D, 2, 2, "same")))(tf.fill([1, 3, 3, 1], -2))
      .dataSync();

  beforeAll(async () => {
    await tf.setBackend("cpu");
    for (const name of tested) javascript[name] = differentiate(families[name] as Family);
    await startBackend("wasm", { tiny: false });
  });

  test.each(tested)("of %s are those of plain JavaScript", (name) => {
    for (const [place, gradient] of differentiate(families[name] as Family).entries()) {
      const wanted = javascript[name]?.[place] ?? [];
      const largest = Math.max(...wanted.map(Math.abs));
      expect(largest).toBeGreaterThan(0);
      for (const [index, number] of gradient.entries()) {
        expect(Math.abs(number - (wanted[index] ?? Number.NaN)) / largest).toBeLessThan(1e-5);
      }
    }
  });

  test("of max pooling reach negative numbers, the first of equals", () => {
    expect([...gradientOfPooling()]).toEqual([1, 0, 1, 0, 0, 0, 1, 0, 1]);
  });
});
