import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "#config/schema.ts";
import type { Device, EpochPoint, GitState } from "#training/candidate.ts";
import type { ContentHash } from "#training/content-hash.ts";
import type { Dataset } from "#training/data/dataset.ts";
import type { Metrics } from "#training/evaluation.ts";
import { drawConfusion } from "#training/mlflow/confusion-picture.ts";
import { drawCurves } from "#training/mlflow/curves-picture.ts";
import { paramsOf } from "#training/mlflow/params.ts";
import { drawSamples, type Samples } from "#training/mlflow/samples-picture.ts";
import { datasetsOf, tagsOf } from "#training/mlflow/tags.ts";
import type { Tracker } from "#training/mlflow/tracker.ts";

export interface Beginning {
  config: Config;
  dataset: Dataset;
  device: Device;
  content: ContentHash;
  git: GitState | undefined;
}

/** Logs what is known of a run before its first epoch: the whole configuration, the data, the code, the device. */
export function logBeginning(tracker: Tracker, beginning: Beginning): void {
  const { config, dataset } = beginning;
  tracker.logParams(paramsOf(config));
  logOrigin(tracker, beginning);
  for (const input of datasetsOf(config.model, `${config.data.root}/${config.data.path}`, dataset.summary))
    tracker.logDataset(input);
}

/** Logs what may be another each time that a training is resumed: the commit and the device. */
export function logOrigin(tracker: Tracker, { dataset, device, content, git }: Beginning): void {
  const { summary: data } = dataset;
  tracker.setTags(tagsOf({ program: "training/train/main.ts", git, device, data, contentHash: content.hash }));
}

/** Logs an epoch's point under the names that Keras gives it. */
export function logEpoch(tracker: Tracker, point: EpochPoint): void {
  const { epoch, loss, accuracy, validationLoss, validationAccuracy, learningRate } = point;
  const reached = { val_loss: validationLoss, val_accuracy: validationAccuracy };
  tracker.logMetrics(epoch, { loss, accuracy, ...reached, ...(learningRate && { learning_rate: learningRate }) });
}

export interface Ending {
  folder: string; // pictures are kept in `folder/pictures`; the package is in `folder/candidate/model`
  config: Config;
  curves: readonly EpochPoint[];
  bestEpoch: number;
  temperature: number;
  classes: readonly string[];
  validation: Metrics;
  samples: Samples | undefined; // of images
}

/** Logs what a person looks at once a model is trained: class names, summary, learning curves, confusion matrix, images. */
export async function logEnding(tracker: Tracker, ending: Ending): Promise<void> {
  const { folder, config, curves, bestEpoch, temperature, classes, validation, samples } = ending;
  const pictures: Record<string, string> = {
    "learning_curves.svg": await drawCurves(curves, { title: `${config.model}: learning curves`, bestEpoch }),
    "confusion_matrix.svg": await drawConfusion(validation.confusion, {
      title: `${config.model}: validation examples`,
      classes,
    }),
  };
  if (samples) {
    const title = `${config.model}: sample predictions, validation examples`;
    pictures["sample_predictions.svg"] = drawSamples(samples, { title });
  }
  await mkdir(join(folder, "pictures"), { recursive: true });
  for (const [name, picture] of Object.entries(pictures)) {
    await writeFile(join(folder, "pictures", name), picture);
    tracker.logArtifact(name, join(folder, "pictures", name));
  }
  for (const name of ["class_names.txt", "model_summary.txt"]) {
    tracker.logArtifact(name, join(folder, "candidate/model", name));
  }
  const { accuracy, macro_f1, log_loss } = validation;
  const reached = { validation_accuracy: accuracy, validation_macro_f1: macro_f1, validation_log_loss: log_loss };
  tracker.logMetrics(bestEpoch, { best_epoch: bestEpoch, temperature, ...reached });
}
