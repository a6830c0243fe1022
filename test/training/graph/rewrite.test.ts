import "@tensorflow/tfjs-layers"; // registers the gradients
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { startNative } from "#test/parts/native.ts";
import { installFusedKernels } from "#training/graph/fused.ts";
import type { NativeBackend } from "#training/graph/native-backend.ts";
import { trace } from "#training/graph/trace.ts";

let native: NativeBackend;

beforeAll(async () => {
  native = await startNative();
  installFusedKernels();
});

/** The operations that a session computes for a function of one image batch [2, 8, 8, 3]. */
function operations(body: (images: tf.Tensor4D) => tf.Tensor, { differentiates = true } = {}): string[] {
  const inputs = [{ shape: [2, 8, 8, 3], dtype: native.getDTypeInteger("float32") }];
  const { nodes, outputs } = trace(native, {
    ...{ name: "a test", scope: "t", differentiates, variables: [], inputs },
    body: ([images], { result }) => ({ outputs: [result(body(images as tf.Tensor4D))], after: [] }),
  });
  const texts = new Map(nodes.map((node) => [/t\/\d+_\w+/.exec(node.toString("latin1"))?.[0] ?? "", node]));
  const reached = new Set<string>();
  const visit = (name: string) => {
    if (reached.has(name)) return;
    reached.add(name);
    const text = texts.get(name)?.toString("latin1") ?? "";
    for (const [input] of text.matchAll(/t\/\d+_[A-Za-z0-9]+/g)) visit(input);
  };
  for (const output of outputs) visit(output.replace(/:0$/, ""));
  return [...reached]
    .map((name) => name.replace(/^t\/\d+_/, ""))
    .filter((op) => !/^(Const|Placeholder|Identity)/.test(op));
}

const kernel = () => tf.ones([3, 3, 3, 5]) as tf.Tensor4D;
const bias = () => tf.zeros([5]) as tf.Tensor1D;

test("a bias is added under the name that TensorFlow fuses", () => {
  const seen = operations((images) => tf.relu(tf.add(tf.conv2d(images, kernel(), 1, "same"), bias())));
  expect(seen.filter((op) => op !== "Fill")).toEqual(["Relu", "BiasAdd", "Conv2D"]);
});

test("relu comes after the pooling behind it, and its gradient before the pooling's", () => {
  const gradient = tf.grad((images: tf.Tensor) =>
    tf.sum(tf.maxPool(tf.relu(tf.square(images)) as tf.Tensor4D, 2, 2, "valid")),
  );
  expect(operations((images) => tf.maxPool(tf.relu(images), 2, 2, "valid"))).toEqual(["Relu", "MaxPool"]);
  const seen = operations((images) => gradient(images));
  expect(seen.indexOf("MaxPoolGrad")).toBeLessThan(seen.indexOf("ReluGrad")); // results first
  expect(seen.filter((op) => op === "Relu" || op === "MaxPoolGrad")).toHaveLength(2);
});

test("relu stays with the convolution before it where there are no gradients", () => {
  const pooled = (images: tf.Tensor4D) => tf.maxPool(tf.relu(images), 2, 2, "valid");
  expect(operations(pooled, { differentiates: false })).toEqual(["MaxPool", "Relu"]);
});

test("a reshape that changes nothing is left out, and of several in a row all but one", () => {
  expect(operations((images) => tf.square(tf.reshape(tf.reshape(images, [2, 192]), [2, 8, 8, 3])))).toEqual(["Square"]);
  expect(operations((images) => tf.reshape(tf.reshape(images, [2, 192]), [384]))).toEqual(["Reshape"]);
});

test("squares are summed without being written", () => {
  const sum = (images: tf.Tensor) => tf.sum(tf.square(images));
  expect(operations((images) => sum(images))).toEqual(["AddV2", "L2Loss"]);
  expect(operations((images) => tf.sum(tf.square(images), 0))).toEqual(["Sum", "Square"]);
});

test("what only looks like a bias stays as it is", () => {
  const seen = operations((images) => tf.sum(tf.add(images, tf.zeros([8, 1])), [1, 2]));
  expect(seen).toContain("Sum");
  expect(seen.some((op) => op.startsWith("BiasAdd"))).toBe(false);
});
