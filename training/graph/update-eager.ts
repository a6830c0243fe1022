import * as tf from "@tensorflow/tfjs-core";
import { adamDefaults, decayOf, type Optimizer } from "./optimizer.ts";

/** One update outside a graph: `slots` in the order of slotsOf; `step` counts the updates before this one. */
export interface EagerUpdate {
  variable: tf.Variable;
  slots: readonly tf.Variable[];
  gradient: tf.Tensor;
  learningRate: number;
  step: number;
}

/** Gives the variable and its slots their next values, by the formulas of TensorFlow's training kernels. */
export function updateEagerly(optimizer: Optimizer, update: EagerUpdate): void {
  tf.tidy(() => {
    const { variable, learningRate } = update;
    const decay = decayOf(optimizer, variable);
    const kept = decay ? tf.mul(variable, 1 - learningRate * decay) : variable;
    const change = optimizer.kind === "sgd" ? sgd(optimizer, update) : adam(optimizer, update);
    variable.assign(tf.add(kept, change));
  });
}

function sgd(
  { momentum = 0, nesterov = false }: Extract<Optimizer, { kind: "sgd" }>,
  { slots, gradient, learningRate }: EagerUpdate,
): tf.Tensor {
  const plain = tf.mul(gradient, -learningRate);
  const [speed] = slots;
  if (!speed) return plain;
  speed.assign(tf.add(tf.mul(speed, momentum), plain));
  return nesterov ? tf.add(tf.mul(speed, momentum), plain) : speed;
}

function adam(
  optimizer: Exclude<Optimizer, { kind: "sgd" }>,
  { slots: [m, v], gradient, learningRate, step }: EagerUpdate,
): tf.Tensor {
  if (!m || !v) throw new Error("adam needs its two slots");
  const beta1 = Math.fround(optimizer.beta1 ?? adamDefaults.beta1); // rounded as in the kernel
  const beta2 = Math.fround(optimizer.beta2 ?? adamDefaults.beta2);
  const epsilon = optimizer.epsilon ?? adamDefaults.epsilon;
  const rate = (learningRate * Math.sqrt(1 - beta2 ** (step + 1))) / (1 - beta1 ** (step + 1));
  m.assign(tf.add(m, tf.mul(tf.sub(gradient, m), 1 - beta1)));
  v.assign(tf.add(v, tf.mul(tf.sub(tf.square(gradient), v), 1 - beta2)));
  return tf.mul(tf.div(m, tf.add(tf.sqrt(v), epsilon)), -rate);
}
