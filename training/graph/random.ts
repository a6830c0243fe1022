import * as tf from "@tensorflow/tfjs-core";
import { DataType } from "./graph-def.ts";
import { type NativeBackend, nativeBackend } from "./native-backend.ts";

/** Where the random numbers of one step come from: the same seed, step and order of calls draw the same numbers. */
export interface RandomSource {
  seed: number;
  step: number | tf.Scalar; // a tensor where a graph is fed with it
}

let current: (RandomSource & { calls: number }) | undefined;

/** Lets `body` draw from `source`. */
export function withRandom<T>(source: RandomSource, body: () => T): T {
  const outer = current;
  current = { ...source, calls: 0 };
  try {
    return body();
  } finally {
    current = outer;
  }
}

/**
 * Uniform numbers in [0, 1), new with each training step and repeated by the same seed and step.
 * On the native backend a counter-based generator inside TensorFlow (Salmon et al. 2011, Philox); elsewhere a seeded one
 * in JavaScript: the two draw different numbers. Throws outside a program's training function.
 */
export function uniform(shape: readonly number[]): tf.Tensor {
  if (!current) throw new Error("random numbers are drawn only inside a program's training function");
  const call = current.calls++;
  const { seed, step } = current;
  const native = nativeBackend();
  if (native) return stateless(native, shape, tf.stack([tf.scalar(seed + call * 0x9e37, "int32"), asScalar(step)]));
  if (typeof step !== "number") throw new Error("a step fed as a tensor needs the native backend");
  return tf.randomUniform([...shape], 0, 1, "float32", `${seed}/${call}/${step}`);
}

/** What keys the random numbers of the run after `gathered` others of the same step. */
export function drawOf(step: number, gathered: number): number {
  return (step + gathered * 0x100_0001) | 0;
}

/** `x` with a share of `rate` of its elements set to zero and the others scaled up to keep the mean. Srivastava et al. 2014. */
export function dropout<T extends tf.Tensor>(x: T, rate: number): T {
  if (rate < 0 || rate >= 1) throw new RangeError(`a dropout rate lies in [0, 1), not ${rate}`);
  if (rate === 0) return x;
  const kept = tf.cast(tf.greaterEqual(uniform(x.shape), rate), "float32");
  return tf.mul(x, tf.div(kept, 1 - rate));
}

function stateless(native: NativeBackend, shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  const { TF_ATTR_TYPE } = native.binding;
  const attributes = [
    { name: "T", type: TF_ATTR_TYPE, value: DataType.int32 },
    { name: "Tseed", type: TF_ATTR_TYPE, value: DataType.int32 },
    { name: "dtype", type: TF_ATTR_TYPE, value: DataType.float32 },
  ];
  return native.executeSingleOutput("StatelessRandomUniform", attributes, [tf.tensor1d([...shape], "int32"), seed]);
}

function asScalar(step: number | tf.Scalar): tf.Scalar {
  return typeof step === "number" ? tf.scalar(step, "int32") : step;
}
