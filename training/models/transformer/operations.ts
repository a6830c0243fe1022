import * as tf from "@tensorflow/tfjs-core";
import type { Normalization } from "#training/models/batch-norm.ts";

/** Keeps tensors for the gradient. */
type Save = (tensors: tf.Tensor[]) => void;

/** x times the share of a standard normal below it, exactly. Hendrycks and Gimpel 2016. */
export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  const compute = tf.customGrad((...given) => {
    const [values, save] = given as unknown as [tf.Tensor, Save];
    const below = tf.mul(tf.add(tf.erf(tf.mul(values, Math.SQRT1_2)), 1), 0.5);
    const density = tf.mul(tf.exp(tf.mul(tf.square(values), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    save([tf.add(below, tf.mul(values, density))]); // the slope alone: neither x nor the share is needed any more
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], [slope]: tf.Tensor[]) => tf.mul(dy as tf.Tensor, slope as tf.Tensor);
    return { value: tf.mul(values, below), gradFunc };
  });
  return compute(x) as tf.Tensor2D;
}

/**
 * Each row with mean 0 and variance 1, then scaled and shifted column by column. Ba et al. 2016; the gradient passes over
 * the numbers half as often as that of the single operations.
 */
export function layerNorm(x: tf.Tensor2D, { scale, offset, epsilon }: Normalization): tf.Tensor2D {
  const compute = tf.customGrad((...given) => {
    const [values, factors, shifts, save] = given as unknown as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, Save];
    const centred = tf.sub(values, tf.mean(values, -1, true));
    const deviation = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    const normal = tf.mul(centred, deviation);
    save([normal, deviation, factors]);
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => {
      const slope = dy as tf.Tensor2D;
      const [rows, spread, factor] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
      const product = tf.mul(slope, rows);
      const weights = tf.reshape<tf.Rank.R2>(tf.div(factor, factor.size), [factor.size, 1]); // of a row's mean
      const along = tf.mul(rows, tf.matMul(product, weights));
      const dx = tf.mul(tf.sub(tf.sub(tf.mul(slope, factor), tf.matMul(slope, weights)), along), spread);
      return [dx, tf.sum(product, 0), tf.sum(slope, 0)];
    };
    return { value: tf.add(tf.mul(normal, factors), shifts), gradFunc };
  });
  return compute(x, scale, offset) as tf.Tensor2D;
}
