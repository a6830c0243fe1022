import * as tf from "@tensorflow/tfjs-core";
import { type NativeBackend, nativeBackend } from "#training/graph/native-backend.ts";

/** What batch normalisation gives in training: the normalised batch, and the statistics of each channel (the last dimension). */
export interface Normalized {
  y: tf.Tensor;
  mean: tf.Tensor1D;
  variance: tf.Tensor1D; // of the population
}

/** The learnt scale and offset of each channel, and what keeps the division away from zero. */
export interface Normalization {
  scale: tf.Tensor1D;
  offset: tf.Tensor1D;
  epsilon: number;
}

/**
 * Normalises a batch [batch, height, width, channels] by its own mean and variance (Ioffe and Szegedy 2015). On the native
 * backend one kernel each way, where tfjs' formula passes over the whole batch a dozen times. The gradient reaches x,
 * scale and offset; `mean` and `variance` are for moving averages.
 */
export function normalizeBatch(x: tf.Tensor4D, normalization: Normalization): Normalized {
  const native = nativeBackend();
  return native ? fused(native, x, normalization) : composed(x, normalization);
}

function composed(x: tf.Tensor4D, { scale, offset, epsilon }: Normalization): Normalized {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const statistics = [mean, variance] as [tf.Tensor1D, tf.Tensor1D];
  const y = tf.batchNorm(x, ...statistics, offset, scale, epsilon);
  return { y, mean: statistics[0], variance: statistics[1] };
}

/** Keeps tensors for the gradient. */
type Save = (tensors: tf.Tensor[]) => void;

function fused(native: NativeBackend, x: tf.Tensor4D, { scale, offset, epsilon }: Normalization): Normalized {
  const statistics: { mean?: tf.Tensor; variance?: tf.Tensor } = {};
  const attributes = attributesOf(native, epsilon);
  const normalize = tf.customGrad((...given) => {
    const [input, factor, shift, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, Save];
    const empty = tf.tensor1d([], "float32"); // moving statistics are for inference alone
    const results = native.executeMultipleOutputs(
      "FusedBatchNormV3",
      attributes,
      [input, factor, shift, empty, empty],
      6,
    );
    const [value, mean, variance, ...reserved] = results;
    if (!value || !mean || !variance) throw new Error("FusedBatchNormV3 gave no result");
    statistics.mean = tf.keep(mean);
    statistics.variance = tf.keep(variance);
    save([input, factor, ...reserved]);
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => {
      const inputs = [dy as tf.Tensor, ...saved];
      return native.executeMultipleOutputs("FusedBatchNormGradV3", attributes, inputs, 5).slice(0, 3);
    };
    return { value, gradFunc };
  });
  const y = normalize(x, scale, offset);
  const { mean, variance } = statistics;
  if (!mean || !variance) throw new Error("the batch was not normalised");
  const count = x.size / (x.shape[3] ?? 1);
  const population = tf.mul<tf.Tensor1D>(variance, (count - 1) / count); // the kernel's is the sample's
  const released = tf.clone(mean) as tf.Tensor1D; // what is kept outlives every tidy
  tf.dispose([mean, variance]);
  return { y, mean: released, variance: population };
}

function attributesOf(native: NativeBackend, epsilon: number) {
  const { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_STRING, TF_ATTR_TYPE } = native.binding;
  const float = native.getDTypeInteger("float32");
  return [
    { name: "T", type: TF_ATTR_TYPE, value: float },
    { name: "U", type: TF_ATTR_TYPE, value: float },
    { name: "epsilon", type: TF_ATTR_FLOAT, value: epsilon },
    { name: "data_format", type: TF_ATTR_STRING, value: "NHWC" },
    { name: "is_training", type: TF_ATTR_BOOL, value: true },
  ];
}
