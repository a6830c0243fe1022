import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EndStatus, ParentRun } from "#training/mlflow/entry.ts";
import { flatten } from "#training/mlflow/params.ts";
import { restoreJournal } from "#training/mlflow/restore.ts";
import { type Arrival, createTracker } from "#training/mlflow/tracker.ts";
import type { Storage } from "#training/storage/storage.ts";
import { journalFile, type TrainCandidateOptions } from "#training/train/run.ts";
import type { SweepPlan } from "./open.ts";
import { drawSweep } from "./picture.ts";
import type { SweepResult } from "./result.ts";

export const resultFile = "sweep.json";
const pictureFile = "sweep.svg";
const firstFlushMs = 5_000; // the trials need not wait for an MLflow that is away
const lastFlushMs = 5_000; // someone waits for the program to end

export interface SweepPlace {
  storage: Storage;
  folder: string; // of the sweep on this machine
  plan: SweepPlan;
}

/** Whether an earlier program has concluded the sweep; if so, its journal is brought and what that names. */
export async function isConcluded({ storage, folder, plan }: SweepPlace): Promise<boolean> {
  if (!(await storage.stat(`${plan.prefix}/${resultFile}`))) return false;
  await mkdir(folder, { recursive: true });
  for (const name of [journalFile, pictureFile, resultFile]) {
    const stored = existsSync(join(folder, name)) ? undefined : await storage.read(`${plan.prefix}/${name}`);
    if (stored) await writeFile(join(folder, name), stored);
  }
  return true;
}

/** The sweep's own run, to which the runs of its trials belong; it goes on where an earlier program left it. */
export async function openParent(
  { storage, folder, plan }: SweepPlace,
  { config, client, parent, info }: Pick<TrainCandidateOptions, "config" | "client" | "info"> & { parent: ParentRun },
) {
  const journalPath = join(folder, journalFile);
  const key = `${plan.prefix}/${journalFile}`;
  const earlier = await storage.read(key);
  if (earlier) await restoreJournal(journalPath, earlier);
  const experiment = config.tracking.experiment ?? config.model;
  const { id, runName } = parent;
  const resume = earlier !== undefined;
  const tracker = createTracker({ journalPath, id, client, experiment, runName, resume, hold: true });
  const keepJournal = async (): Promise<void> => {
    const { offset } = tracker;
    await storage.write(key, (await readFile(journalPath)).subarray(0, offset));
    tracker.durable(offset);
  };
  const attach = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, name), text);
    tracker.logArtifact(name, join(folder, name));
  };
  if (!resume) {
    tracker.logParams({ ...flatten({ ...plan.sweep, metric: plan.metric }, "sweep."), model: config.model });
    tracker.setTags({ "slipway.sweep": plan.hash });
  }
  await keepJournal();
  await tracker.flush({ timeoutMs: firstFlushMs });

  return {
    get run() {
      return tracker.run;
    },

    /** Logs what came of the sweep. Once it is in the storage, nobody does so again. */
    async conclude(result: SweepResult): Promise<Arrival> {
      const trained = result.trials.flatMap(({ outcome }) => (outcome.kind === "trained" ? [outcome] : []));
      const winner = result.trials.find(({ trial }) => trial === result.winner);
      const reached = winner?.outcome.kind === "trained" ? Object.entries(winner.outcome.validation) : [];
      tracker.logMetrics(result.trials.length, {
        ...Object.fromEntries(reached.map(([name, value]) => [`validation_${name}`, value])),
        trained_trials: trained.length,
        failed_trials: result.trials.length - trained.length,
      });
      const settings = JSON.stringify(winner?.settings);
      tracker.setTags({ "slipway.sweep.winner": `trial ${result.winner}: ${settings}` });
      const [picture, text] = [await drawSweep(result), `${JSON.stringify(result, null, 2)}\n`];
      await attach(pictureFile, picture);
      await attach(resultFile, text);
      await storage.write(`${plan.prefix}/${pictureFile}`, Buffer.from(picture));
      await keepJournal();
      await storage.write(`${plan.prefix}/${resultFile}`, Buffer.from(text));
      tracker.end("FINISHED");
      return await tracker.flush();
    },

    /** Tells that the sweep ends without a winner. */
    async breakOff(status: Exclude<EndStatus, "FINISHED">): Promise<void> {
      await keepJournal().catch((error: unknown) => {
        info(`the sweep's journal was not saved: ${error instanceof Error ? error.message : error}`);
      });
      tracker.end(status);
      await tracker.flush({ timeoutMs: lastFlushMs });
    },

    close: tracker.close,
  };
}
