import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cpuUsage } from "node:process";
import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Config } from "#config/schema.ts";
import type { Candidate, Device, GitState } from "#training/candidate.ts";
import type { ContentHash } from "#training/content-hash.ts";
import type { Dataset } from "#training/data/dataset.ts";
import { classificationMetrics } from "#training/metrics.ts";
import type { Tracker } from "#training/mlflow/tracker.ts";
import { buildModel } from "#training/models/build.ts";
import { calibrate } from "#training/models/calibrate.ts";
import { foldScaling, measureScaling, scaled } from "#training/models/scaling.ts";
import { measureReference } from "#training/package/measure-reference.ts";
import { writePackage } from "#training/package/write.ts";
import { predict } from "#training/predict.ts";
import { logEnding } from "./record.ts";
import { pickSamples } from "./samples.ts";
import { type EpochEvent, train } from "./train.ts";

export interface EpochProgress {
  kind: "epoch";
  epochs: number;
  event: EpochEvent;
}

export interface MakeCandidateOptions {
  config: Config;
  dataset: Dataset;
  device: Device;
  content: ContentHash;
  git: GitState | undefined;
  signal: AbortSignal | undefined;
  folder: string; // the candidate is written to `folder/candidate`
  tracker: Tracker;
}

/** Trains, calibrates and packages one model; returns what `candidate.json` holds, which it writes last. */
export async function* makeCandidate(options: MakeCandidateOptions): AsyncGenerator<EpochProgress, Candidate> {
  const { config, dataset, device, content, git, signal, folder, tracker } = options;
  const startedAt = new Date();
  const cpuBefore = cpuUsage();
  const shape = { inputShape: dataset.inputShape, classes: dataset.classes.length };
  const model = buildModel(config.architecture, shape, config.training);
  try {
    const scaling = dataset.features && (await measureScaling(dataset.train)); // images are scaled by the model's first layer
    const data = scaling
      ? { train: scaled(dataset.train, scaling), validation: scaled(dataset.validation, scaling) }
      : dataset;
    const curves: Candidate["curves"] = [];
    let bestEpoch = 1;
    for await (const event of train(model, data, { training: config.training, signal })) {
      const { epoch, loss, accuracy, validationLoss, validationAccuracy, learningRate } = event.point;
      const reached = { val_loss: validationLoss, val_accuracy: validationAccuracy };
      tracker.logMetrics(epoch, { loss, accuracy, ...reached, ...(learningRate && { learning_rate: learningRate }) });
      curves.push(event.point);
      bestEpoch = event.bestEpoch;
      yield { kind: "epoch", epochs: config.training.epochs, event };
    }
    const temperature = await calibrate(model, data.validation);
    if (scaling) foldScaling(model, scaling);

    const { digest } = await packageModel(join(folder, "candidate", "model"), model, { config, dataset, temperature });
    const { classes } = dataset;
    const probabilities = await predict(model, dataset.validation);
    const validation = classificationMetrics(labelsOf(dataset.validation), probabilities, classes);
    await logEnding(tracker, {
      folder,
      config,
      curves,
      bestEpoch,
      temperature,
      classes,
      confusion: validation.confusion,
      samples: await pickSamples(dataset, probabilities),
    });
    const arrival = await tracker.flush();
    const { user, system } = cpuUsage(cpuBefore);
    const endedAt = new Date();
    const candidate: Candidate = {
      model: config.model,
      env: config.env,
      contentHash: content.hash,
      ingredients: content.ingredients,
      modelDigest: digest,
      data: dataset.summary,
      ...(git && { git }),
      ...(arrival.arrived && { run: arrival.run }),
      device,
      curves,
      bestEpoch,
      temperature,
      validation: { loss: validation.log_loss, accuracy: validation.accuracy },
      seconds: (endedAt.getTime() - startedAt.getTime()) / 1000,
      cpuSeconds: (user + system) / 1e6,
      startedAt: startedAt.toISOString(),
      endedAt: endedAt.toISOString(),
    };
    await writeFile(join(folder, "candidate", "candidate.json"), `${JSON.stringify(candidate, null, 2)}\n`);
    return candidate;
  } finally {
    model.dispose();
  }
}

interface Packaging {
  config: Config;
  dataset: Dataset;
  temperature: number;
}

const exampleRows = 3;

async function packageModel(folder: string, model: Sequential, { config, dataset, temperature }: Packaging) {
  await mkdir(folder, { recursive: true });
  const rows = Math.min(exampleRows, dataset.validation.length);
  const { inputs } = await dataset.validation.read(Array.from({ length: rows }, (_, row) => row));
  return await writePackage(folder, {
    model,
    classes: dataset.classes,
    info: {
      name: config.model,
      architecture: config.architecture,
      description: config.description,
      temperature,
      ...(dataset.features && { features: [...dataset.features] }),
    },
    inputExample: inputs,
    reference: await measureReference(model, dataset),
  });
}

function labelsOf(examples: Dataset["validation"]): Int32Array {
  return Int32Array.from({ length: examples.length }, (_, index) => examples.label(index));
}
