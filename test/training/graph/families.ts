import * as tf from "@tensorflow/tfjs-core";
import { softmaxCrossEntropy } from "#training/graph/fused.ts";
import { dropout } from "#training/graph/random.ts";

/** A function of weights and inputs to differentiate; `families.py` has the same ones in TensorFlow. */
export interface Family {
  weights: Record<string, number[]>; // shapes
  inputs: Record<string, number[] | { shape: number[]; below: number }>; // below: integers in [0, below)
  loss: (tensors: Record<string, tf.Tensor>) => tf.Scalar;
}

const t4 = (tensor: tf.Tensor | undefined) => tensor as tf.Tensor4D;
const t2 = (tensor: tf.Tensor | undefined) => tensor as tf.Tensor2D;
const meanOfSquares = (tensor: tf.Tensor) => tf.mean(tf.square(tensor)) as tf.Scalar;
const get = (tensors: Record<string, tf.Tensor>, name: string): tf.Tensor => {
  const tensor = tensors[name];
  if (!tensor) throw new Error(`no tensor ${name}`);
  return tensor;
};

function convolution(strides: number, padding: "same" | "valid"): Family {
  return {
    weights: { kernel: [3, 3, 3, 5], bias: [5] },
    inputs: { x: [2, 9, 9, 3] },
    loss: ({ x, kernel, bias }) =>
      meanOfSquares(tf.relu(tf.add(tf.conv2d(t4(x), t4(kernel), strides, padding), bias as tf.Tensor1D))),
  };
}

function pooling(pool: typeof tf.maxPool, padding: "same" | "valid"): Family {
  return {
    weights: { x: [2, 7, 7, 3] },
    inputs: {},
    loss: ({ x }) => meanOfSquares(pool(t4(x), 3, 2, padding)),
  };
}

/** A convolution, relu and max-pooling, which a graph computes in another order; bias -1: some windows hold no positive number. */
function pooledConvolution(stride: number, { isReused = false } = {}): Family {
  return {
    weights: { kernel: [3, 3, 3, 5], bias: [5] },
    inputs: { x: [2, 8, 8, 3] },
    loss: ({ x, kernel, bias }) => {
      const shifted = tf.sub(tf.conv2d(t4(x), t4(kernel), 1, "same"), 1);
      const activated = tf.relu(tf.add(bias as tf.Tensor1D, shifted)) as tf.Tensor4D;
      const pooled = meanOfSquares(tf.maxPool(activated, 2, stride, "valid"));
      return isReused ? (tf.add(pooled, meanOfSquares(tf.tanh(activated))) as tf.Scalar) : pooled;
    },
  };
}

export const families: Record<string, Family> = {
  dense: {
    weights: { kernel: [6, 4], bias: [4] },
    inputs: { x: [5, 6] },
    loss: ({ x, kernel, bias }) => meanOfSquares(tf.relu(tf.add(tf.matMul(t2(x), t2(kernel)), bias as tf.Tensor1D))),
  },
  "convolution, same": convolution(1, "same"),
  "convolution, valid": convolution(1, "valid"),
  "convolution, strided": convolution(2, "same"),
  "convolution, pooled": pooledConvolution(2),
  "convolution, pooled by windows that overlap": pooledConvolution(1),
  "convolution, pooled, and used elsewhere too": pooledConvolution(2, { isReused: true }),
  "products of transposed matrices": {
    weights: { a: [6, 4], b: [5, 6], c: [4, 5] },
    inputs: {},
    loss: ({ a, b, c }) => {
      const product = tf.matMul(t2(a), t2(b), true, true); // [4, 5]
      const batch = tf.matMul(tf.reshape(product, [1, 4, 5]), tf.reshape(t2(c), [1, 4, 5]), false, true);
      return meanOfSquares(tf.add(tf.sum(batch, 1), tf.sum(product, [0, 1])));
    },
  },
  "depthwise convolution": {
    weights: { kernel: [3, 3, 3, 2] },
    inputs: { x: [2, 6, 6, 3] },
    loss: ({ x, kernel }) => meanOfSquares(tf.depthwiseConv2d(t4(x), t4(kernel), 1, "same")),
  },
  "max pooling": pooling(tf.maxPool, "same"),
  "average pooling": pooling(tf.avgPool, "valid"),
  "average pooling, padded": pooling(tf.avgPool, "same"),
  "batch normalisation": {
    weights: { x: [4, 3, 3, 5], gamma: [5], beta: [5] },
    inputs: {},
    loss: ({ x, gamma, beta }) => {
      const { mean, variance } = tf.moments(t4(x), [0, 1, 2]);
      const scale = tf.mul(tf.rsqrt(tf.add(variance, 1e-3)), gamma as tf.Tensor1D);
      return meanOfSquares(tf.tanh(tf.add(tf.mul(tf.sub(x as tf.Tensor, mean), scale), beta as tf.Tensor1D)));
    },
  },
  "softmax cross-entropy": {
    weights: { logits: [7, 4] },
    inputs: { labels: { shape: [7], below: 4 } },
    loss: ({ logits, labels }) =>
      tf.mean(softmaxCrossEntropy(tf.oneHot(labels as tf.Tensor1D, 4) as tf.Tensor2D, t2(logits))) as tf.Scalar,
  },
  embedding: {
    weights: { table: [9, 4] },
    inputs: { ids: { shape: [3, 5], below: 9 } },
    loss: ({ table, ids }) => meanOfSquares(tf.sin(tf.gather(table as tf.Tensor, ids as tf.Tensor2D))),
  },
  "layer normalisation": {
    weights: { x: [3, 4, 8], gamma: [8], beta: [8] },
    inputs: {},
    loss: ({ x, gamma, beta }) => {
      const { mean, variance } = tf.moments(x as tf.Tensor, -1, true);
      const normal = tf.mul(tf.sub(x as tf.Tensor, mean), tf.rsqrt(tf.add(variance, 1e-12)));
      return meanOfSquares(tf.tanh(tf.add(tf.mul(normal, gamma as tf.Tensor), beta as tf.Tensor)));
    },
  },
  gelu: {
    weights: { x: [6, 5] },
    inputs: {},
    loss: ({ x }) => {
      const half = tf.mul(0.5, tf.add(1, tf.erf(tf.mul(t2(x), Math.SQRT1_2))));
      return meanOfSquares(tf.mul(t2(x), half));
    },
  },
  attention: {
    weights: { q: [2, 5, 3, 4], k: [2, 5, 3, 4], v: [2, 5, 3, 4] },
    inputs: { mask: [2, 1, 1, 5] },
    loss: (tensors) => {
      const heads = (name: string) => tf.transpose(get(tensors, name), [0, 2, 1, 3]);
      const scores = tf.add(tf.div(tf.matMul(heads("q"), heads("k"), false, true), 2), get(tensors, "mask"));
      return meanOfSquares(tf.matMul(tf.softmax(scores), heads("v")));
    },
  },
  "reshapes, slices and reductions": {
    weights: { x: [4, 6], y: [4, 2] },
    inputs: {},
    loss: ({ x, y }) => {
      const parts = tf.concat([tf.slice(t2(x), [0, 1], [4, 3]), t2(y)], 1);
      const cubes = tf.reshape(
        tf.pad(parts, [
          [0, 0],
          [1, 0],
        ]),
        [2, 2, 6],
      );
      return tf.add(tf.sum(tf.max(cubes, -1)), tf.mean(tf.logSumExp(cubes, 1))) as tf.Scalar;
    },
  },
  "choices and comparisons": {
    weights: { x: [5, 5], y: [5, 5] },
    inputs: { z: [5, 5] },
    loss: ({ x, y, z }) =>
      meanOfSquares(tf.where(tf.greater(t2(z), 0.1), tf.exp(t2(x)), tf.minimum(tf.square(t2(y)), tf.sigmoid(t2(x))))),
  },
  dropout: {
    weights: { x: [40, 30] },
    inputs: {},
    loss: ({ x }) => meanOfSquares(dropout(dropout(t2(x), 0.5), 0.25)),
  },
};
