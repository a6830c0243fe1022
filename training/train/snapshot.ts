import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { z } from "zod";
import type { Program, StateEntry } from "#training/graph/program.ts";

/** A place between two batches, and what was met on the way to it. */
export const Position = z.strictObject({
  epoch: z.int().positive(),
  batch: z.int().nonnegative(), // of the epoch: the next to train on, from 0
  steps: z.int().nonnegative(), // updates made, in all epochs; keys what is random in a step
  met: z.strictObject({ rows: z.int(), loss: z.number(), right: z.int(), learningRate: z.number() }), // in this epoch
  seconds: z.number().nonnegative(), // in this epoch
  best: z.strictObject({ epoch: z.int().positive(), loss: z.number() }).optional(), // so far
});
export type Position = z.infer<typeof Position>;

/**
 * All that a training needs to go on to the very weights that it would have reached. Orders of examples, dropout and
 * augmentation follow from the seed, the epoch and the step, so there is no generator's state in it.
 */
export interface Snapshot {
  position: Position;
  /** Weights, optimizer slots, and the weights of the best epoch in the slot "best". */
  state: StateEntry[];
}

/** The epoch of lowest validation loss so far, and its weights in the order of the model's `getWeights`. */
export interface Best {
  epoch: number;
  loss: number;
  weights: Tensor[];
}

const bestSlot = "best";

/** What a program holds, and the best epoch. */
export function takeSnapshot(
  program: Program,
  best: Best | undefined,
  place: Omit<Position, "steps" | "best">,
): Snapshot {
  const bestState = (best?.weights ?? []).map((weight, index): StateEntry => {
    return { slot: bestSlot, index, shape: weight.shape, values: weight.dataSync<"float32">() };
  });
  return {
    position: { ...place, steps: program.steps, ...(best && { best: { epoch: best.epoch, loss: best.loss } }) },
    state: [...program.state(), ...bestState],
  };
}

/** Brings a program to where the snapshot was taken; returns its best epoch. Throws when it is of another model. */
export function restoreSnapshot(program: Program, { position, state }: Snapshot): Best | undefined {
  program.restore(state.filter(({ slot }) => slot !== bestSlot));
  program.steps = position.steps;
  if (!position.best) return undefined;
  const weights = state.filter(({ slot }) => slot === bestSlot).toSorted((a, b) => a.index - b.index);
  return { ...position.best, weights: weights.map(({ shape, values }) => tensor(values, [...shape], "float32")) };
}
