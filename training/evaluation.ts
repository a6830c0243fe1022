import { z } from "zod";
import { Digest } from "./candidate.ts";

/** Metrics of one model on one set of examples. Fractions, except `log_loss` in nats. */
export const Metrics = z.strictObject({
  accuracy: z.number(),
  log_loss: z.number(),
  macro_f1: z.number(),
  calibration_error: z.number(), // expected calibration error, 15 equal-width bins
  perClass: z.array(
    z.strictObject({
      name: z.string(),
      precision: z.number(),
      recall: z.number(),
      f1: z.number(),
      support: z.int(),
    }),
  ),
  confusion: z.array(z.array(z.int())), // [true class][predicted class]
});

/** One slice of the examples; its metrics are accuracies. */
export const SliceResult = z.strictObject({
  name: z.string(),
  rows: z.int().nonnegative(),
  candidate: z.number(),
  champion: z.number().optional(),
});

/** `evaluation.json`: candidate and champion on the same examples, from their weights. */
export const Evaluation = z.strictObject({
  model: z.string(),
  env: z.string(),
  role: z.enum(["validation", "test"]),
  examplesFingerprint: Digest,
  rows: z.int().positive(),
  classes: z.array(z.string()), // of the data, then those that only the champion knows
  looks: z.int().nonnegative(), // how often this test set has been looked at, this time included; 0 on validation
  candidate: z.strictObject({
    modelDigest: Digest,
    metrics: Metrics,
    cpuMs: z.number().nonnegative().optional(), // a prediction's CPU time, in batches and with what the backend prepares for them
  }),
  champion: z.strictObject({ version: z.string(), modelDigest: Digest, metrics: Metrics }).optional(),
  incomparableChampion: z.strictObject({ version: z.string(), modelDigest: Digest, reason: z.string() }).optional(), // it can't take the inputs
  slices: z.array(SliceResult),
});

/** What one model says of one example; `probabilities` are in the order of the evaluation's classes. */
export const Answer = z.strictObject({ prediction: z.string(), probabilities: z.array(z.number()) });

/** A line of `predictions.jsonl`. */
export const Prediction = z.strictObject({
  id: z.string(),
  label: z.string(),
  slices: z.array(z.string()),
  candidate: Answer,
  champion: Answer.optional(),
});

export type Metrics = z.infer<typeof Metrics>;
export type SliceResult = z.infer<typeof SliceResult>;
export type Evaluation = z.infer<typeof Evaluation>;
export type Answer = z.infer<typeof Answer>;
export type Prediction = z.infer<typeof Prediction>;
