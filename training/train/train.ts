import { setImmediate } from "node:timers/promises";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import { BadInputError } from "#config/bad-input.ts";
import type { Training } from "#config/schema.ts";
import type { EpochPoint } from "#training/candidate.ts";
import type { Examples } from "#training/data/dataset.ts";
import { predictLogits } from "#training/models/logits.ts";
import { type Augment, createAugment } from "./augment.ts";
import { batches } from "./batches.ts";
import { learningRateAt } from "./schedule.ts";
import { createShuffle } from "./shuffle.ts";
import { createStep, type Step } from "./step.ts";
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
  { training, signal }: TrainOptions,
): AsyncGenerator<EpochEvent, void> {
  const validationLabels = Array.from({ length: data.validation.length }, (_, index) => data.validation.label(index));
  const shuffle = createShuffle(data.train.length, training.seed);
  const augment = createAugment(data.train.inputShape, training.augmentation, training.seed);
  const step = createStep(model, training);
  let best: { epoch: number; loss: number; weights: Tensor[] } | undefined;
  try {
    for (let epoch = 1; epoch <= training.epochs; epoch++) {
      const startedMs = performance.now();
      const met = await fitEpoch(step, data.train, { epoch, order: shuffle(), training, augment, signal });
      const reached = tally(await predictLogits(step.predict, data.validation), validationLabels);
      const point = { ...pointOf(epoch, met, reached), learningRate: met.learningRate };
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
  epoch: number;
  order: readonly number[];
  training: Training;
  augment: Augment | undefined;
  signal: AbortSignal | undefined;
}

/** What an epoch met on its way, and the learning rate of its last step. */
type Met = Tally & { learningRate: number };

/** One pass through the examples. Now and then it lets signals and timers have their turn. */
async function fitEpoch(
  step: Step,
  examples: Examples<"train">,
  { epoch, order, training, augment, signal }: Pass,
): Promise<Met> {
  const { batchSize } = training;
  const stepsPerEpoch = Math.ceil(order.length / batchSize);
  const sum: Met = { rows: 0, loss: 0, right: 0, learningRate: training.learningRate };
  await setImmediate();
  let turnMs = performance.now();
  for await (const batch of batches(examples, { epoch, order, batchSize, augment })) {
    signal?.throwIfAborted();
    sum.learningRate = learningRateAt(step.program.steps, stepsPerEpoch, training);
    const { rows, loss, right } = tally(step.fit(batch, sum.learningRate), batch.labels);
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
