import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Config } from "#config/schema.ts";
import type { Candidate, Device, EpochPoint, GitState } from "#training/candidate.ts";
import type { Keeper } from "#training/checkpoint/keeper.ts";
import type { ContentHash } from "#training/content-hash.ts";
import type { Dataset } from "#training/data/dataset.ts";
import { classificationMetrics } from "#training/metrics.ts";
import type { Tracker } from "#training/mlflow/tracker.ts";
import { calibrate } from "#training/models/calibrate.ts";
import { foldScaling, measureScaling, scaled } from "#training/models/scaling.ts";
import { measureReference } from "#training/package/measure-reference.ts";
import { writePackage } from "#training/package/write.ts";
import { predict } from "#training/predict.ts";
import { createClock } from "./clock.ts";
import type { Resumed } from "./open-run.ts";
import { createModel, type TextBasis } from "./prepare.ts";
import { logEnding, logEpoch } from "./record.ts";
import { pickSamples } from "./samples.ts";
import { type EpochEvent, type Snapshots, train } from "./train.ts";

export interface EpochProgress {
  kind: "epoch";
  epochs: number;
  event: EpochEvent;
}

export interface MakeCandidateOptions {
  config: Config;
  dataset: Dataset;
  text: { basis: TextBasis; examples: readonly string[] } | undefined; // of a transformer; some texts to show
  device: Device;
  content: ContentHash;
  git: GitState | undefined;
  signal: AbortSignal | undefined;
  folder: string; // the candidate is written to `folder/candidate`
  tracker: Tracker;
  keeper: Keeper;
  resumed: Resumed;
}

/** Trains, calibrates and packages one model; returns what `candidate.json` holds, which it writes last. */
export async function* makeCandidate(options: MakeCandidateOptions): AsyncGenerator<EpochProgress, Candidate> {
  const { config, dataset, text, device, content, git, signal, folder, tracker, keeper, resumed } = options;
  const { checkpoint, loggedEpoch } = resumed;
  const spent = createClock(checkpoint?.spent);
  const model = createModel(config, dataset, text?.basis);
  try {
    const scaling = dataset.features && (await measureScaling(dataset.train)); // images are scaled by the model's first layer
    const data = scaling
      ? { train: scaled(dataset.train, scaling), validation: scaled(dataset.validation, scaling) }
      : dataset;
    const curves: EpochPoint[] = [];
    const reached = (point: EpochPoint): void => {
      curves.push(point);
      if (point.epoch > loggedEpoch) logEpoch(tracker, point);
    };
    for (const point of checkpoint?.curves ?? []) reached(point);
    const snapshots: Snapshots = {
      due: keeper.due,
      start: (snapshot) => keeper.start({ snapshot, curves, spent: spent() }),
      finish: (snapshot) => keeper.finish({ snapshot, curves, spent: spent() }),
    };
    let bestEpoch = 1;
    const { training } = config;
    for await (const event of train(model, data, { training, signal, from: checkpoint?.snapshot, snapshots })) {
      reached(event.point);
      bestEpoch = event.bestEpoch;
      yield { kind: "epoch", epochs: training.epochs, event };
    }
    await keeper.confirm();
    const temperature = await calibrate(model, data.validation);
    if (scaling) foldScaling(model, scaling);

    const { digest } = await packageModel(join(folder, "candidate", "model"), model, {
      config,
      dataset,
      text,
      temperature,
    });
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
      validation,
      samples: await pickSamples(dataset, probabilities),
    });
    const arrival = await tracker.flush();
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
      validation: { loss: validation.log_loss, accuracy: validation.accuracy, macroF1: validation.macro_f1 },
      ...spent(),
      endedAt: new Date().toISOString(),
    };
    await writeFile(join(folder, "candidate", "candidate.json"), `${JSON.stringify(candidate, null, 2)}\n`);
    return candidate;
  } finally {
    model.dispose();
  }
}

interface Packaging extends Pick<MakeCandidateOptions, "config" | "dataset" | "text"> {
  temperature: number;
}

const exampleRows = 3;

async function packageModel(folder: string, model: Sequential, { config, dataset, text, temperature }: Packaging) {
  await mkdir(folder, { recursive: true });
  const rows = Math.min(exampleRows, dataset.validation.length);
  const { inputs } = await dataset.validation.read(Array.from({ length: rows }, (_, row) => row));
  const { maxTokens } = config.training.transformer;
  const pretrained = text?.basis.pretrained;
  return await writePackage(folder, {
    model,
    classes: dataset.classes,
    info: {
      name: config.model,
      architecture: config.architecture,
      description: config.description,
      temperature,
      ...(dataset.features && { features: [...dataset.features] }),
      ...(pretrained && { text: { maxTokens, classes: dataset.classes.length, pretrained: pretrained.source } }),
    },
    inputExample: inputs,
    ...(text && pretrained && { text: { pretrained, examples: text.examples } }),
    reference: await measureReference(model, dataset),
  });
}

function labelsOf(examples: Dataset["validation"]): Int32Array {
  return Int32Array.from({ length: examples.length }, (_, index) => examples.label(index));
}
