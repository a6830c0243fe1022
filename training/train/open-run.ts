import type { Config } from "#config/schema.ts";
import { type Checkpoint, decodeCheckpoint } from "#training/checkpoint/checkpoint.ts";
import { createKeeper, type Keeper } from "#training/checkpoint/keeper.ts";
import { openCheckpoints } from "#training/checkpoint/store.ts";
import { TakenOverError } from "#training/checkpoint/taken-over-error.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import type { ParentRun } from "#training/mlflow/entry.ts";
import { restoreJournal } from "#training/mlflow/restore.ts";
import { createTracker, type Tracker } from "#training/mlflow/tracker.ts";
import type { Storage } from "#training/storage/storage.ts";

/** Where an earlier program left a training. */
export interface Resumed {
  checkpoint: Checkpoint | undefined; // absent before the first
  loggedEpoch: number; // the last that the run's journal holds, 0 for none
}

export interface OpenRun {
  tracker: Tracker;
  keeper: Keeper;
  resumed: Resumed;
  isNew: boolean; // nothing has been logged in the run
}

/** What tells a run that it is a trial of a sweep. */
export interface TrialRun {
  number: number;
  parent: ParentRun;
}

export interface OpenRunOptions {
  config: Config;
  storage: Storage;
  client: MlflowClient | undefined;
  info: (line: string) => void;
  checkpoints: string; // where they lie in the storage
  journalPath: string;
  trial: TrialRun | undefined;
}

/** Takes a training over with its run and its checkpoints, or begins both. */
export async function openRun(options: OpenRunOptions): Promise<OpenRun> {
  const { config, storage, client, info, checkpoints, journalPath, trial } = options;
  const store = await openCheckpoints({ storage, prefix: checkpoints, info });
  const { state, journal } = store.found;
  const checkpoint = state && decodeCheckpoint(state);
  const loggedEpoch = journal ? await restoreJournal(journalPath, journal) : 0;
  if (checkpoint) info(resumedLine(checkpoint));
  const tracker = createTracker({
    journalPath,
    client,
    experiment: config.tracking.experiment ?? config.model,
    runName: `${config.model}-${config.env}${trial ? `-trial-${trial.number}` : ""}`,
    ...(trial && { parent: trial.parent, tags: { "slipway.trial": String(trial.number) } }),
    resume: journal !== undefined,
    hold: true,
  });
  const keeper = createKeeper({ store, tracker, everySeconds: config.training.checkpointSeconds, info });
  return { tracker, keeper, resumed: { checkpoint, loggedEpoch }, isNew: journal === undefined };
}

/**
 * Whether the run's end is this program's to tell: not when another has taken the training over. What was journaled is
 * made safe first, for telling the end sends all of it.
 */
export async function isStillOurs(keeper: Keeper, info: (line: string) => void): Promise<boolean> {
  try {
    await keeper.keepJournal();
    return true;
  } catch (error) {
    if (error instanceof TakenOverError) return false;
    info(`the journal was not saved with the checkpoints: ${error instanceof Error ? error.message : error}`);
    return true;
  }
}

function resumedLine({ snapshot: { position }, spent }: Checkpoint): string {
  const { epoch, batch } = position;
  return `goes on from a checkpoint: epoch ${epoch}, batch ${batch + 1}, after ${spent.seconds.toFixed(1)} s of training`;
}
