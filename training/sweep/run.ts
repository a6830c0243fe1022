import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Candidate, Digest } from "#training/candidate.ts";
import { candidatePrefix, fetchCandidate } from "#training/candidate-store.ts";
import type { EndStatus } from "#training/mlflow/entry.ts";
import { journalFile, replayed } from "#training/train/run.ts";
import { openSweep, type SweepPlan } from "./open.ts";
import { isConcluded, openParent, resultFile } from "./parent.ts";
import { countEnded, readRecord, recordKey } from "./records.ts";
import { bestTrial, type SweepResult, type TrialOutcome, type TrialResult } from "./result.ts";
import { type TrialEvent, type TrialOptions, trainTrial } from "./train-trial.ts";

/** What a sweep tells while it goes on; `winner` is the last. `reused`: nothing was trained. */
export type SweepEvent =
  | TrialEvent
  | { kind: "winner"; result: SweepResult; candidate: Candidate; folder: string; reused: boolean };

export interface SweepOptions extends TrialOptions {
  /** Whether trials are trained here; else what others have not done counts as failed. */
  trains: boolean;
}

/**
 * Trains every trial of a model's sweep and chooses the one that is best on the validation examples. Its candidate lies in
 * `folder`, as if its settings had been the model's own, with `sweep.json` beside it. A trial that fails costs itself.
 *
 * Trials that are done are not done again, nor is what was trained before with the same settings: a sweep that was stopped
 * goes on in the trial where it stood, and in the same run, to which the trials' runs belong.
 * @throws BadInputError for bad data, or settings none of which can be trained with; the signal's reason.
 */
export async function* runSweep(options: SweepOptions): AsyncGenerator<SweepEvent, void> {
  const { root, config, storage, client, signal, info, trains } = options;
  const { plan, parent } = await openSweep(options);
  const place = { storage, plan, folder: resolve(root, config.outputs, plan.prefix) };
  const of = plan.trials.length;
  const isDone = (await isConcluded(place)) && (await countEnded(storage, plan)) === of;
  const run = isDone ? undefined : await openParent(place, { config, client, parent, info });
  let status: EndStatus = "KILLED"; // also when the caller stops listening
  try {
    const trials: TrialResult[] = [];
    let reused = true;
    let mayPass = false; // what made a trial fail
    for (const trial of plan.trials) {
      signal?.throwIfAborted();
      let outcome: TrialOutcome = { kind: "failed", reason: "nobody has finished it" };
      try {
        if (!trains && !(await readRecord(storage, recordKey(plan, trial), config.model))) mayPass = true;
        else
          for await (const event of trainTrial(trial, plan, { ...options, parent })) {
            if (event.kind === "ended") outcome = event.outcome;
            else yield event;
            if (event.kind === "training" && event.event.kind === "epoch") reused = false;
          }
      } catch (error) {
        if (signal?.aborted) throw error;
        mayPass ||= !(error instanceof BadInputError);
        outcome = { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
      }
      trials.push({ trial: trial.number, settings: trial.settings, outcome });
      yield { kind: "ended", trial, of, outcome };
    }
    const { metric, hash, sweep } = plan;
    const best = bestTrial(trials, metric);
    if (!best)
      throw new (mayPass ? Error : BadInputError)(`no trial of the sweep could be trained:\n${reasons(trials)}`);
    const { model, env } = config;
    const result = { model, env, hash, sweep, metric, trials, winner: best.trial, ...(run?.run && { run: run.run }) };
    const { candidate, folder, prefix } = await fetchWinner(best.outcome, options);
    const arrival = run ? await run.conclude(result) : await replayed(client, join(place.folder, journalFile));
    status = "FINISHED";
    const whole = { ...result, ...(arrival.arrived && { run: arrival.run }) };
    const text = `${JSON.stringify(whole, null, 2)}\n`;
    await writeFile(join(folder, "candidate", resultFile), text);
    await storage.write(`${prefix}/candidate/${resultFile}`, Buffer.from(text));
    yield { kind: "winner", result: whole, candidate, folder, reused };
  } catch (error) {
    if (!signal?.aborted) status = "FAILED";
    throw error;
  } finally {
    if (status !== "FINISHED") await run?.breakOff(status);
    run?.close();
  }
}

/**
 * Makes the sweep's run before anybody trains a trial, so that several machines, starting at once, find the same. Returns the
 * sweep.
 */
export async function beginSweep(options: TrialOptions): Promise<SweepPlan> {
  const { root, config, storage, client, info } = options;
  const { plan, parent } = await openSweep(options);
  const place = { storage, plan, folder: resolve(root, config.outputs, plan.prefix) };
  if (!(await isConcluded(place))) (await openParent(place, { config, client, parent, info })).close();
  return plan;
}

async function fetchWinner(
  { contentHash, run }: { contentHash: Digest; run?: Candidate["run"] },
  { root, config, storage }: Pick<SweepOptions, "root" | "config" | "storage">,
) {
  const { model, outputs } = config;
  const prefix = candidatePrefix(model, contentHash);
  const folder = resolve(root, outputs, prefix);
  const candidate = await fetchCandidate(storage, folder, { model, contentHash });
  if (!candidate) throw new Error(`${storage.uri}/${prefix}: the candidate of the winning trial is gone`);
  return { candidate: { ...candidate, ...(run && { run }) }, folder, prefix };
}

/** Why trials failed, each reason once. */
function reasons(trials: readonly TrialResult[]): string {
  const failed = trials.flatMap(({ trial, outcome: { kind, ...outcome } }) =>
    "reason" in outcome ? [{ trial, reason: outcome.reason }] : [],
  );
  return [...Map.groupBy(failed, ({ reason }) => reason)]
    .map(([reason, same]) => `  trial ${same.map(({ trial }) => trial).join(", ")}: ${reason}`)
    .join("\n");
}
