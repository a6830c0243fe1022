import { z } from "zod";

/** `sha256:` and 64 hexadecimal digits. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** One epoch of training. Losses in nats, accuracies as fractions. */
export const EpochPoint = z.strictObject({
  epoch: z.int().positive(),
  loss: z.number(),
  accuracy: z.number(),
  validationLoss: z.number(),
  validationAccuracy: z.number(),
  learningRate: z.number().optional(),
  seconds: z.number().nonnegative(),
});

/** Where the code came from. */
export const GitState = z.strictObject({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  branch: z.string().optional(),
  dirty: z.boolean(), // the working tree differed from the commit
});

/** The MLflow run of a candidate; absent while MLflow has not seen its journal. */
export const RunReference = z.strictObject({
  trackingUri: z.url(),
  experimentId: z.string(),
  runId: z.string(),
});

/** What training computed with. */
export const Device = z.strictObject({
  backend: z.enum(["gpu", "cpu", "wasm", "js"]),
  name: z.string(),
  reason: z.string(), // why this one was chosen
});

/** What the training data was, by role. */
export const DataSummary = z.strictObject({
  fingerprint: Digest, // of every example
  validationFingerprint: Digest,
  testFingerprint: Digest,
  rows: z.strictObject({ train: z.int(), validation: z.int(), test: z.int() }),
  classes: z.record(z.string(), z.int()), // class name -> rows
  duplicates: z.int().nonnegative(), // rows whose content another row has too
});

/** `candidate.json`: a trained model and where it came from. Written last, so its presence means the folder is whole. */
export const Candidate = z.strictObject({
  model: z.string(),
  env: z.string(),
  contentHash: Digest,
  ingredients: z.strictObject({ config: Digest, data: Digest, code: Digest, lockfile: Digest }),
  modelDigest: Digest,
  data: DataSummary,
  git: GitState.optional(),
  run: RunReference.optional(),
  device: Device,
  curves: z.array(EpochPoint),
  bestEpoch: z.int().positive(),
  temperature: z.number().positive(), // fitted on validation; probabilities are softmax(logits / temperature)
  validation: z.strictObject({ loss: z.number(), accuracy: z.number(), macroF1: z.number().optional() }),
  seconds: z.number().nonnegative(), // wall time of training
  cpuSeconds: z.number().nonnegative(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
});

export type Digest = z.infer<typeof Digest>;
export type EpochPoint = z.infer<typeof EpochPoint>;
export type GitState = z.infer<typeof GitState>;
export type RunReference = z.infer<typeof RunReference>;
export type Device = z.infer<typeof Device>;
export type DataSummary = z.infer<typeof DataSummary>;
export type Candidate = z.infer<typeof Candidate>;
