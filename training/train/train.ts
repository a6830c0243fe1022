import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Training } from "#config/schema.ts";
import type { EpochPoint } from "#training/candidate.ts";
import type { Examples } from "#training/data/dataset.ts";
import { predictLogits } from "#training/models/logits.ts";
import { createAugment } from "./augment.ts";
import { DivergedError } from "./diverged-error.ts";
import { fitEpoch, type Reached } from "./fit-epoch.ts";
import { grouped } from "./grouped.ts";
import { createShuffle } from "./shuffle.ts";
import { type Best, restoreSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { createStep } from "./step.ts";
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
  /** Where an earlier training of the same model on the same data stood: this one ends in the same weights as if it had gone on. */
  from?: Snapshot | undefined;
  snapshots?: Snapshots | undefined;
}

/** Who keeps snapshots of a training. */
export interface Snapshots {
  /** Asked before each batch: whether it is time for one. May throw to end training. */
  due(): boolean;
  /** Takes one while training goes on. */
  start(snapshot: Snapshot): void;
  /** Takes the last one: training ends when it is safe. */
  finish(snapshot: Snapshot): Promise<void>;
}

/**
 * Trains a model epoch by epoch and leaves it with the weights of the epoch of lowest validation loss, also when the caller
 * breaks off. The examples are as the model takes them. Train loss and accuracy are those met on the way through the epoch;
 * losses are without the l2 term.
 * @throws DivergedError when a loss is not finite; the signal's reason.
 */
export async function* train(
  model: Sequential,
  data: TrainingData,
  { training, signal, from, snapshots }: TrainOptions,
): AsyncGenerator<EpochEvent, void> {
  const validationLabels = Array.from({ length: data.validation.length }, (_, index) => data.validation.label(index));
  const shuffle = createShuffle(data.train.length, training.seed);
  const augment = createAugment(data.train.inputShape, training.augmentation, training.seed);
  const step = createStep(model, training);
  let best: Best | undefined;
  try {
    if (from) best = restoreSnapshot(step.program, from);
    const { epoch: first = 1 } = from?.position ?? {};
    for (let past = 1; past < first; past++) shuffle();
    for (let epoch = first; epoch <= training.epochs; epoch++) {
      const begun = epoch === from?.position.epoch ? from.position : undefined;
      const startedMs = performance.now() - (begun?.seconds ?? 0) * 1000;
      const take = ({ batch, met }: Reached): Snapshot => {
        const seconds = (performance.now() - startedMs) / 1000;
        return takeSnapshot(step.program, best, { epoch, batch, met: { ...met }, seconds });
      };
      const between = (reached: Reached) => pause({ signal, snapshots, take, reached });
      const met = await fitEpoch(step, data.train, {
        epoch,
        order: grouped(shuffle(), data.train, training.batchSize),
        training,
        augment,
        from: begun,
        between,
      });
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

interface Pause extends Pick<TrainOptions, "signal" | "snapshots"> {
  take: (reached: Reached) => Snapshot;
  reached: Reached;
}

/** Between two batches: a snapshot if it is time for one; the last one, and the end, if training is to end. */
async function pause({ signal, snapshots, take, reached }: Pause): Promise<void> {
  const isSound = Number.isFinite(reached.met.loss); // else training fails after this epoch, which is not to be resumed
  if (signal?.aborted) {
    if (isSound) await snapshots?.finish(take(reached));
    throw signal.reason;
  }
  if (snapshots?.due() && isSound) snapshots.start(take(reached));
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
  throw new DivergedError(
    `training diverged in epoch ${epoch}: the loss is ${loss} on train and ${validationLoss} on validation; ` +
      `lower training.learningRate, now ${training.learningRate}`,
  );
}

function endOf(epoch: number, bestEpoch: number, training: Training): EpochEvent["end"] {
  if (epoch - bestEpoch >= training.patience) return "patience";
  return epoch === training.epochs ? "epochs" : undefined;
}
