import { z } from "zod";
import { Metric } from "#config/metric.ts";
import { Sweep, Value } from "#config/sweep.ts";
import { type Candidate, Digest, RunReference } from "#training/candidate.ts";
import { lowerIsBetter } from "#training/metric-text.ts";

/** What became of a trial. */
export const TrialOutcome = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("trained"),
    contentHash: Digest,
    validation: z.record(Metric, z.number()),
    bestEpoch: z.int().positive(),
    seconds: z.number().nonnegative(), // wall time of training
    run: RunReference.optional(), // absent while MLflow has not seen it
  }),
  z.strictObject({ kind: z.literal("failed"), reason: z.string() }),
]);

export const TrialResult = z.strictObject({
  trial: z.int().positive(),
  settings: z.record(z.string(), Value),
  outcome: TrialOutcome,
});

/** `sweep.json`, beside the candidate that won: every trial of its sweep. */
export const SweepResult = z.strictObject({
  model: z.string(),
  env: z.string(),
  hash: Digest, // of all that decides what is tried
  sweep: Sweep,
  metric: Metric, // of the validation examples
  trials: z.array(TrialResult),
  winner: z.int().positive(), // the number of its trial
  run: RunReference.optional(), // the parent of the trials' runs
});

export type TrialOutcome = z.infer<typeof TrialOutcome>;
export type TrialResult = z.infer<typeof TrialResult>;
export type SweepResult = z.infer<typeof SweepResult>;
type Trained = Extract<TrialOutcome, { kind: "trained" }>;

/** What a sweep keeps of a trial's candidate. */
export function trainedOutcome({ contentHash, validation, bestEpoch, seconds, run }: Candidate): Trained {
  const { accuracy, macroF1 = 0, loss } = validation; // absent only where older code trained, and then it is another content
  const metrics = { accuracy, macro_f1: macroF1, log_loss: loss };
  return { kind: "trained", contentHash, validation: metrics, bestEpoch, seconds, ...(run && { run }) };
}

/** The trial that is best by the metric; of equals the one of lower log loss, then the first. `undefined` when all failed. */
export function bestTrial(
  trials: readonly TrialResult[],
  metric: Metric,
): { trial: number; outcome: Trained } | undefined {
  const sign = lowerIsBetter(metric) ? 1 : -1;
  const trained = trials.flatMap(({ trial, outcome }) => (outcome.kind === "trained" ? [{ trial, outcome }] : []));
  return trained.toSorted((one, other) => {
    const [a, b] = [one.outcome.validation, other.outcome.validation];
    return sign * (a[metric] - b[metric]) || a.log_loss - b.log_loss || one.trial - other.trial;
  })[0];
}
