import { setImmediate } from "node:timers/promises";
import type { Training } from "#config/schema.ts";
import type { Examples } from "#training/data/dataset.ts";
import type { Augment } from "./augment.ts";
import { batches } from "./batches.ts";
import { learningRateAt } from "./schedule.ts";
import type { Position } from "./snapshot.ts";
import type { Step } from "./step.ts";
import { tally } from "./tally.ts";

/** What an epoch met on its way, and the learning rate of its last step. */
export type Met = Position["met"];

/** How far an epoch has come: the next batch, from 0. */
export interface Reached {
  batch: number;
  met: Met;
}

export interface Pass {
  epoch: number;
  order: readonly number[];
  training: Training;
  augment: Augment | undefined;
  /** Where to go on; from the first batch when absent. */
  from: Reached | undefined;
  /** Awaited before each batch that begins an update; may throw to end training. */
  between: (reached: Reached) => Promise<void>;
}

const longestBlockMs = 50;

/** One pass through the examples. Now and then it lets signals and timers have their turn. */
export async function fitEpoch(step: Step, examples: Examples<"train">, pass: Pass): Promise<Met> {
  const { epoch, order, training, augment, from, between } = pass;
  const { batchSize, accumulation } = training;
  const count = Math.ceil(order.length / batchSize);
  const stepsPerEpoch = Math.ceil(count / accumulation);
  const met: Met = from ? { ...from.met } : { rows: 0, loss: 0, right: 0, learningRate: training.learningRate };
  let number = from?.batch ?? 0;
  await setImmediate();
  let turnMs = performance.now();
  for await (const batch of batches(examples, { epoch, order, batchSize, augment, first: number })) {
    if (number % accumulation === 0) await between({ batch: number, met });
    met.learningRate = learningRateAt(step.program.steps, stepsPerEpoch, training);
    const isUpdate = (number + 1) % accumulation === 0 || number + 1 === count;
    const logits = isUpdate ? step.fit(batch, met.learningRate) : step.gather(batch);
    const { rows, loss, right } = tally(logits, batch.labels);
    met.rows += rows;
    met.loss += loss;
    met.right += right;
    number += 1;
    if (performance.now() - turnMs > longestBlockMs) {
      await setImmediate();
      turnMs = performance.now();
    }
  }
  return met;
}
