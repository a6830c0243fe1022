import * as tf from "@tensorflow/tfjs-core";
import type { CompiledTraining, InputShape } from "./program.ts";
import { drawOf } from "./random.ts";

/** Updates made so far, and runs whose gradients wait for the next. */
export interface Progress {
  steps: number;
  gathered: number;
}

/** A function by the shapes of its inputs, and how it is run: with its inputs and what is fed beside them. */
interface Runnable {
  prepare(...batches: (readonly InputShape[])[]): void;
  run(inputs: readonly tf.Tensor[], fed: tf.Tensor[]): tf.Tensor[];
}

/** What is fed to an update beside its inputs, and to a run that only gathers: see `trainingStep` and `gatheringStep`. */
export const fedToUpdate: readonly InputShape[] = [
  { shape: [], dtype: "float32" }, // the learning rate
  { shape: [], dtype: "int32" }, // the step
  { shape: [], dtype: "int32" }, // what random numbers are drawn by
  { shape: [], dtype: "float32" }, // how many runs make the update
];
export const fedToGathering: readonly InputShape[] = [{ shape: [], dtype: "int32" }];

/** A training function out of the graphs for its two kinds of run; it keeps count in `progress`. */
export function createCompiledTraining(
  update: Runnable,
  gathering: Runnable | undefined,
  progress: Progress,
): CompiledTraining {
  return {
    prepare: update.prepare,
    run(inputs, learningRate) {
      const { steps, gathered } = progress;
      const results = update.run(inputs, [
        tf.scalar(learningRate),
        tf.scalar(steps, "int32"),
        tf.scalar(drawOf(steps, gathered), "int32"),
        tf.scalar(gathered + 1),
      ]);
      Object.assign(progress, { steps: steps + 1, gathered: 0 });
      return results;
    },
    gather(inputs) {
      if (!gathering) throw new Error("a program without accumulates can't gather gradients");
      const { steps, gathered } = progress;
      const results = gathering.run(inputs, [tf.scalar(drawOf(steps, gathered), "int32")]);
      progress.gathered += 1;
      return results;
    },
  };
}
