import type * as tf from "@tensorflow/tfjs-core";
import type { Optimizer } from "./optimizer.ts";

/** Computes a loss (a scalar, first) and whatever else is wanted of the same step, from a batch. */
export type LossFunction = (...inputs: tf.Tensor[]) => readonly [tf.Scalar, ...tf.Tensor[]];

/** Computes results from inputs without changing variables. */
export type ResultFunction = (...inputs: tf.Tensor[]) => readonly tf.Tensor[];

/** The shape and type of an input. */
export interface InputShape {
  shape: readonly number[];
  dtype: tf.DataType;
}

/** A function that has been compiled for each combination of input shapes it has met. */
export interface Compiled<Options extends unknown[] = []> {
  /** The results; the caller disposes them. Blocks until they are there: let signals and timers have a turn between runs. */
  run(inputs: readonly tf.Tensor[], ...options: Options): tf.Tensor[];
  /** Compiles for inputs that will come, so that several shapes are loaded at once. */
  prepare(...batches: (readonly InputShape[])[]): void;
}

/** A function of which each run makes one update, by its own gradients and those gathered since the last update. */
export interface CompiledTraining extends Compiled<[learningRate: number]> {
  /** Only adds to the gradients of the next update, which is by the mean of all. Needs `accumulates`. */
  gather(inputs: readonly tf.Tensor[]): tf.Tensor[];
}

/** A variable's weights (`slot` "weights") or one of its optimizer slots, by the variable's place in the program. */
export interface StateEntry {
  slot: string;
  index: number;
  shape: readonly number[];
  values: Float32Array | Int32Array | Uint8Array;
}

export interface ProgramOptions {
  variables: readonly tf.Variable[]; // all that the functions use; those with `trainable` get trained
  optimizer?: Optimizer;
  accumulates?: boolean; // an update may be by the gradients of several runs; takes the memory of another slot
  clipNorm?: number; // gradients together are scaled down to this norm
  seed?: number; // of uniform and dropout
}

/**
 * Training, evaluation and prediction over one set of variables.
 * The variables read and take values as ever while the program lives.
 */
export interface Program {
  readonly mode: "graph" | "eager";
  /** Updates made so far. Keys the random numbers and Adam's bias correction; set it when resuming. */
  steps: number;
  /** A function of which each run makes one update. Random numbers may be drawn in it. */
  training(loss: LossFunction, name?: string): CompiledTraining;
  inference(results: ResultFunction, name?: string): Compiled;
  /** Weights and optimizer slots, one at a time: a checkpoint needs memory for one of them only. */
  state(): Generator<StateEntry>;
  /** Puts weights and slots back. Throws when an entry doesn't fit. */
  restore(entries: Iterable<StateEntry>): void;
  /** Releases sessions and slots; the variables keep their last values. */
  dispose(): void;
}
