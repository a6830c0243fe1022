import * as tf from "@tensorflow/tfjs-core";

/** How gradients become new weights; the rules and defaults are those of Keras 3 (keras/src/optimizers). */
export type Optimizer =
  | { kind: "sgd"; momentum?: number; nesterov?: boolean }
  | { kind: "adam"; beta1?: number; beta2?: number; epsilon?: number }
  | {
      kind: "adamw";
      beta1?: number;
      beta2?: number;
      epsilon?: number;
      weightDecay?: number;
      decays?: (variable: tf.Variable) => boolean; // all do when absent
    };

export const adamDefaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
export const weightDecayDefault = 0.004;

/** The tensors that an optimizer keeps beside each trained variable, in the variable's shape. All start as zeros. */
export function slotsOf(optimizer: Optimizer): readonly string[] {
  if (optimizer.kind === "sgd") return optimizer.momentum ? ["momentum"] : [];
  return ["m", "v"];
}

/** Where the gradients of several runs are added up. */
export const sumSlot = "sum";

/** The share of itself, times the learning rate, that a variable loses with each step. */
export function decayOf(optimizer: Optimizer, variable: tf.Variable): number {
  if (optimizer.kind !== "adamw" || optimizer.decays?.(variable) === false) return 0;
  return optimizer.weightDecay ?? weightDecayDefault;
}

/** Scales gradients together so that the norm of all of them is at most `limit`. Pascanu et al. 2013, algorithm 1. */
export function clipByGlobalNorm(gradients: readonly tf.Tensor[], limit: number): tf.Tensor[] {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  const norm = tf.sqrt(tf.addN(squares));
  const scale = tf.div(limit, tf.maximum(norm, limit));
  return gradients.map((gradient) => tf.mul(gradient, scale));
}
