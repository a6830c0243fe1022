import { randomUUID } from "node:crypto";
import { BadInputError } from "#config/bad-input.ts";
import type { Metric } from "#config/metric.ts";
import type { Config } from "#config/schema.ts";
import type { Sweep } from "#config/sweep.ts";
import type { Digest } from "#training/candidate.ts";
import { candidatePrefix } from "#training/candidate-store.ts";
import { contentHash, digestOf } from "#training/content-hash.ts";
import { type DataFile, dataManifest } from "#training/data/manifest.ts";
import type { ParentRun } from "#training/mlflow/entry.ts";
import { checkpointContent } from "#training/pretrained/files.ts";
import type { TrainCandidateOptions } from "#training/train/run.ts";
import { type Settings, trialConfig, trialsOf } from "./trials.ts";

/** One training of a sweep. */
export interface Trial {
  number: number; // from 1
  settings: Settings;
  config: Config; // the model's, with the settings in it
}

/** A sweep by its content. */
export interface SweepPlan {
  hash: Digest;
  sweep: Sweep;
  metric: Metric;
  trials: readonly Trial[];
  prefix: string; // where it lies in the storage, and below `outputs`
}

export interface PlanSweepOptions {
  root: string; // of the models' repository
  codeRoot: string; // Slipway's own checkout
  config: Config;
  files: readonly DataFile[]; // of the data
}

/**
 * The trials that a model's configuration asks for. The same data, code and configuration make the same sweep, so one that was
 * broken off is found again. Throws a `BadInputError` where the configuration has no sweep.
 */
export async function planSweep({ root, codeRoot, config, files }: PlanSweepOptions): Promise<SweepPlan> {
  const { model, gate, sweep } = config;
  if (!sweep) {
    const remedy =
      "say there what is to be tried, such as sweep: {method: grid, parameters: {training.learningRate: {values: [0.001, 0.01]}}}";
    throw new BadInputError(`config/models/${model}.yaml has no sweep: ${remedy}`);
  }
  const { parallelism: _, ...whatIsTried } = sweep;
  const metric = sweep.metric ?? gate.metric;
  const trials = trialsOf(sweep).map((settings, index): Trial => {
    return { number: index + 1, settings, config: trialConfig(config, settings) };
  });
  const transformers = trials.filter((trial) => trial.config.architecture === "transformer");
  const byCheckpoint = new Map(
    transformers.map((trial) => [trial.config.training.transformer.checkpoint, trial.config]),
  );
  const pretrained = await Promise.all([...byCheckpoint.values()].map((one) => checkpointContent(one, root)));
  const { hash: content } = await contentHash({ codeRoot, config, files: [...files, ...pretrained.flat()] });
  const hash = digestOf({ content, sweep: { ...whatIsTried, metric } });
  return { hash, sweep, metric, trials, prefix: sweepPrefix(model, hash) };
}

/** Where everything of one sweep lies in a storage, its trials' candidates excepted. */
export function sweepPrefix(model: string, hash: Digest): string {
  return candidatePrefix(`${model}/sweeps`, hash);
}

/** A sweep that programs work on. */
export interface OpenSweep {
  plan: SweepPlan;
  parent: ParentRun; // to which the trials' runs belong: the same for everybody who works on it in this storage
}

/** Opens the sweep that a configuration asks for. Throws as `planSweep` does, and for data that is not there. */
export async function openSweep(
  options: Pick<TrainCandidateOptions, "root" | "codeRoot" | "config" | "storage" | "info" | "signal">,
): Promise<OpenSweep> {
  const { root, codeRoot, config, storage, info, signal } = options;
  const files = await dataManifest(config.data, { root, info, signal });
  const plan = await planSweep({ root, codeRoot, config, files });
  const key = `${plan.prefix}/journal-id`;
  await storage.writeNew(key, Buffer.from(randomUUID()));
  return { plan, parent: { id: String(await storage.read(key)), runName: `${config.model}-${config.env}-sweep` } };
}
