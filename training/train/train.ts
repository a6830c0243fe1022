import { setImmediate } from "node:timers/promises";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import { BadInputError } from "#config/bad-input.ts";
import type { Training } from "#config/schema.ts";
import type { EpochPoint } from "#training/candidate.ts";
import type { Examples } from "#training/data/dataset.ts";
import { predictLogits } from "#training/models/logits.ts";
import { createShuffle } from "./shuffle.ts";
import { createEagerStep, type Step } from "./step.ts";
import { type Tally, tally } from "./tally.ts";

/** One epoch has ended. Until the generator goes on, the model holds this epoch's weights. */
export interface EpochEvent {
  point: EpochPoint;
  /** Whether every earlier epoch had a higher validation loss. */
  best: boolean;
  bestEpoch: number;
  /** Why no epoch follows; absent when one does. */
  end?: "epochs" | "patience";
}

export interface TrainingData {
  train: Examples<"train">;
  validation: Examples<"validation">;
}

export interface TrainOptions {
  training: Training;
  /** Ends training between two batches by throwing its reason. */
  signal?: AbortSignal | undefined;
  createStep?: (model: Sequential, training: Training) => Step;
}

const longestBlockMs = 50;

/**
 * Trains a model epoch by epoch and leaves it with the weights of the epoch of lowest validation loss, also when the caller
 * breaks off. The examples are as the model takes them. Train loss and accuracy are those met on the way through the epoch;
 * losses are without the l2 term.
 * @throws BadInputError when a loss is not finite; the signal's reason.
 */
export async function* train(
  model: Sequential,
  data: TrainingData,
  { training, signal, createStep = createEagerStep }: TrainOptions,
): AsyncGenerator<EpochEvent, void> {
  const validationLabels = Array.from({ length: data.validation.length }, (_, index) => data.validation.label(index));
  const shuffle = createShuffle(data.train.length, training.seed);
  const step = createStep(model, training);
  let best: { epoch: number; loss: number; weights: Tensor[] } | undefined;
  try {
    for (let epoch = 1; epoch <= training.epochs; epoch++) {
      const startedMs = performance.now();
      const met = await fitEpoch(step, data.train, { order: shuffle(), batchSize: training.batchSize, signal });
      const reached = tally(await predictLogits(step.predict, data.validation), validationLabels);
      const point = pointOf(epoch, met, reached);
      checkFinite(point, training);
      const isBest = point.validationLoss < (best?.loss ?? Infinity);
      if (isBest) {
        for (const weight of best?.weights ?? []) weight.dispose();
        best = { epoch, loss: point.validationLoss, weights: model.getWeights().map((weight) => weight.clone()) };
      }
      const bestEpoch = best?.epoch ?? epoch;
      const end = endOf(epoch, bestEpoch, training);
      point.seconds = (performance.now() - startedMs) / 1000;
      yield { point, best: isBest, bestEpoch, ...(end && { end }) };
      if (end) return;
    }
  } finally {
    if (best) model.setWeights(best.weights);
    for (const weight of best?.weights ?? []) weight.dispose();
    step.dispose();
  }
}

interface Pass {
  order: readonly number[];
  batchSize: number;
  signal: AbortSignal | undefined;
}

/** One pass through the examples. Now and then it lets signals and timers have their turn. */
async function fitEpoch(step: Step, examples: Examples<"train">, { order, batchSize, signal }: Pass): Promise<Tally> {
  const sum: Tally = { rows: 0, loss: 0, right: 0 };
  await setImmediate();
  let turnMs = performance.now();
  for (let start = 0; start < order.length; start += batchSize) {
    signal?.throwIfAborted();
    const batch = await examples.read(order.slice(start, start + batchSize));
    const { rows, loss, right } = tally(step.fit(batch), batch.labels);
    sum.rows += rows;
    sum.loss += loss;
    sum.right += right;
    if (performance.now() - turnMs > longestBlockMs) {
      await setImmediate();
      turnMs = performance.now();
    }
  }
  return sum;
}

function pointOf(epoch: number, met: Tally, reached: Tally): EpochPoint {
  return {
    epoch,
    loss: met.loss / met.rows,
    accuracy: met.right / met.rows,
    validationLoss: reached.loss / reached.rows,
    validationAccuracy: reached.right / reached.rows,
    seconds: 0,
  };
}

function checkFinite({ epoch, loss, validationLoss }: EpochPoint, training: Training): void {
  if (Number.isFinite(loss) && Number.isFinite(validationLoss)) return;
  throw new BadInputError(
    `training diverged in epoch ${epoch}: the loss is ${loss} on train and ${validationLoss} on validation; ` +
      `lower training.learningRate, now ${training.learningRate}`,
  );
}

function endOf(epoch: number, bestEpoch: number, training: Training): EpochEvent["end"] {
  if (epoch - bestEpoch >= training.patience) return "patience";
  return epoch === training.epochs ? "epochs" : undefined;
}
