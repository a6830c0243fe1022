import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { candidatePrefix } from "#training/candidate-store.ts";
import type { ParentRun } from "#training/mlflow/entry.ts";
import { DivergedError } from "#training/train/diverged-error.ts";
import { journalFile, type TrainCandidateOptions, type TrainEvent, trainCandidate } from "#training/train/run.ts";
import type { SweepPlan, Trial } from "./open.ts";
import { readRecord, recordKey, writeRecord } from "./records.ts";
import { type TrialOutcome, trainedOutcome } from "./result.ts";

/** What a trial tells while it is trained; `ended` is the last. */
export type TrialEvent = { trial: Trial; of: number } & (
  | { kind: "training"; event: TrainEvent }
  | { kind: "ended"; outcome: TrialOutcome }
);

export type TrialOptions = Omit<TrainCandidateOptions, "trial" | "expectedHash">;

/**
 * Trains one trial of a sweep, unless it has ended before, and says in the storage how it has ended. A loss that diverges is an
 * outcome; other errors, which may be gone the next time, are thrown, and so is the signal's reason.
 */
export async function* trainTrial(
  trial: Trial,
  plan: SweepPlan,
  { parent, ...options }: TrialOptions & { parent: ParentRun },
): AsyncGenerator<TrialEvent, void> {
  const { root, storage, signal } = options;
  const { config, number } = trial;
  const of = plan.trials.length;
  const ended = (outcome: TrialOutcome) => ({ kind: "ended" as const, trial, of, outcome });
  const key = recordKey(plan, trial);
  const known = await readRecord(storage, key, config.model);
  if (known?.kind === "failed") {
    yield ended(known);
    return;
  }
  if (known) {
    const { candidate } = known;
    const folder = resolve(root, config.outputs, candidatePrefix(config.model, candidate.contentHash));
    const mayWait = existsSync(join(folder, journalFile)); // for MLflow to take it
    if (candidate.run && !mayWait) {
      yield ended(trainedOutcome(candidate));
      return;
    }
  }
  try {
    for await (const event of trainCandidate({ ...options, config, trial: { number, parent } })) {
      yield { kind: "training", trial, of, event };
      if (event.kind !== "candidate") continue;
      const { contentHash } = event.candidate;
      await writeRecord(storage, key, { kind: "trained", contentHash });
      yield ended(trainedOutcome(event.candidate));
    }
  } catch (error) {
    if (signal?.aborted || !(error instanceof DivergedError)) throw error;
    const outcome = { kind: "failed" as const, reason: error.message };
    await writeRecord(storage, key, outcome);
    yield ended(outcome);
  }
}
