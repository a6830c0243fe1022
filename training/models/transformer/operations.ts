import * as tf from "@tensorflow/tfjs-core";
import type { Normalization } from "#training/models/batch-norm.ts";

/** Keeps tensors for the gradient. */
type Save = (tensors: tf.Tensor[]) => void;

/** x times the share of a standard normal below it, exactly. Hendrycks and Gimpel 2016. */
export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  const below = (values: tf.Tensor) => tf.mul(tf.add(tf.erf(tf.mul(values, Math.SQRT1_2)), 1), 0.5);
  const compute = tf.customGrad((...given) => {
    const [values, save] = given as unknown as [tf.Tensor, Save];
    save([values]);
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], [kept]: tf.Tensor[]) => {
      const input = kept as tf.Tensor;
      const density = tf.mul(tf.exp(tf.mul(tf.square(input), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.mul(dy as tf.Tensor, tf.add(below(input), tf.mul(input, density)));
    };
    return { value: tf.mul(values, below(values)), gradFunc };
  });
  return compute(x) as tf.Tensor2D;
}

/** Each row with mean 0 and variance 1, then scaled and shifted column by column. Ba et al. 2016. */
export function layerNorm(x: tf.Tensor, { scale, offset, epsilon }: Normalization): tf.Tensor2D {
  const mean = tf.mean(x, -1, true);
  const centred = tf.sub(x, mean);
  const deviation = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  return tf.add(tf.mul(tf.mul(centred, deviation), scale), offset) as tf.Tensor2D;
}
