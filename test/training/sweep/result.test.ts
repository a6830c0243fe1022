import { expect, test } from "vitest";
import { digestOf } from "#test/parts/evaluation.ts";
import { bestTrial, type TrialOutcome, type TrialResult } from "#training/sweep/result.ts";

const trained = (accuracy: number, log_loss: number): TrialOutcome => ({
  ...{ kind: "trained", contentHash: digestOf("c"), bestEpoch: 1, seconds: 1 },
  validation: { accuracy, macro_f1: 1 - accuracy, log_loss },
});
const failed: TrialOutcome = { kind: "failed", reason: "diverged" };
const trials = (...outcomes: TrialOutcome[]): TrialResult[] =>
  outcomes.map((outcome, index) => ({ trial: index + 1, settings: {}, outcome }));

test.each([
  ["the highest accuracy", "accuracy", 3],
  ["the lowest log loss", "log_loss", 2],
  ["the highest macro F1", "macro_f1", 2],
] as const)("%s wins", (_, metric, winner) => {
  const three = trials(trained(0.8, 0.5), trained(0.7, 0.4), trained(0.9, 0.6), failed);
  expect(bestTrial(three, metric)?.trial).toBe(winner);
});

test("of trials with the same accuracy that of the lower log loss wins, then the first", () => {
  expect(bestTrial(trials(failed, trained(0.9, 0.5), trained(0.9, 0.4)), "accuracy")?.trial).toBe(3);
  expect(bestTrial(trials(trained(0.8, 0.1), trained(0.9, 0.4), trained(0.9, 0.4)), "accuracy")?.trial).toBe(2);
});

test("no trial wins where all failed", () => {
  expect(bestTrial(trials(failed, failed), "accuracy")).toBeUndefined();
});
