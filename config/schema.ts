import { z } from "zod";
import { csvData } from "./data.ts";
import { Drift } from "./drift.ts";
import { Augmentation, Cifar10Data } from "./images.ts";
import { Metric } from "./metric.ts";
import { Prices } from "./prices.ts";
import { Serving } from "./serving.ts";
import { Sweep } from "./sweep.ts";
import { TextData, Transformer } from "./text.ts";

/** A numeric input column. `minimum` and `maximum` bound what `/predict` accepts, in the column's own unit. */
export const Feature = z
  .strictObject({
    name: z.string().min(1),
    unit: z.string().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
  })
  .refine((feature) => (feature.minimum ?? -Infinity) < (feature.maximum ?? Infinity), {
    error: "minimum must be below maximum",
  });

/** Rows of numbers with a class name each. */
export const TableData = z.strictObject({
  ...csvData,
  format: z.literal("table"),
  features: z.array(Feature).min(1),
  label: z.string().min(1), // the column that holds the class name
  group: z.string().min(1).optional(), // rows of one group share a role
});

export const Data = z.discriminatedUnion("format", [TableData, Cifar10Data, TextData]);

/** Every training knob. */
export const Training = z.strictObject({
  epochs: z.int().positive().default(200),
  batchSize: z.int().positive().default(16),
  accumulation: z.int().positive().default(1), // batches whose mean gradient makes one update
  learningRate: z.number().positive().default(0.01), // the highest, where there is a schedule
  schedule: z.enum(["constant", "cosine", "linear"]).default("constant"), // the others: down to 0 at the end of the last epoch
  warmupEpochs: z.number().nonnegative().default(0), // in which the learning rate rises from 0
  optimizer: z.enum(["adam", "adamw", "sgd"]).default("adam"),
  momentum: z.number().nonnegative().lt(1).default(0), // sgd only
  weightDecay: z.number().nonnegative().default(0.01), // adamw only: share of a kernel, times the learning rate, lost a step
  clipNorm: z.number().positive().optional(), // all gradients together are scaled down to this norm
  l2: z.number().nonnegative().default(0), // weight decay added to the loss, on kernels
  patience: z.int().positive().default(20), // epochs without a better validation loss
  labelSmoothing: z.number().nonnegative().lt(1).default(0), // share of a label that is spread over all classes
  hiddenUnits: z.array(z.int().positive()).default([16]), // mlp only
  channels: z.array(z.int().positive()).min(1).default([32, 64, 128]), // cnn only: of each stage; between two, sides halve
  dropout: z.number().nonnegative().lt(1).default(0), // cnn only: of the last stage; earlier stages drop less
  augmentation: Augmentation.prefault({}), // cnn only
  transformer: Transformer.prefault({}), // transformer only
  checkpointSeconds: z.number().positive().default(60), // between two checkpoints; the result is the same whatever it is
  seed: z
    .int()
    .nonnegative()
    .max(2 ** 31 - 1)
    .default(42),
});

/** What a candidate must reach. */
export const Gate = z.strictObject({
  metric: Metric.default("accuracy"),
  minimum: z.number().default(0.6), // a maximum where lower is better
  maxDrop: z.number().nonnegative().default(0.02), // how much worse than the champion still passes
  confidence: z.number().gt(0.5).lt(1).default(0.95), // of the two-sided interval of the difference
  slices: z
    .strictObject({
      minimumRows: z.int().positive().default(30),
      maxDrop: z.number().nonnegative().default(0.1),
    })
    .prefault({}),
  onInconclusive: z.enum(["pass", "hold"]).default("hold"),
});

/** How a release reaches the cluster's repository. */
export const Promotion = z.strictObject({
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/)
    .optional(), // owner/name; this repository when absent
  branch: z.string().min(1).optional(), // its default branch when absent
  mode: z.enum(["commit", "pull-request"]).default("commit"),
  order: z.enum(["commit", "version"]).default("commit"), // what tells that a release is older than the one in place
  retrain: z.boolean().default(false), // prod: train on prod's data, or promote the package of dev
});

const webAddress = z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" });

const environmentKeys = {
  outputs: z.string().min(1).default("./outputs"),
  models: z.strictObject({ uri: z.string().min(1).default("./outputs/models") }).prefault({}),
  tracking: z
    .strictObject({
      uri: webAddress.default("http://localhost:5000"),
      experiment: z.string().min(1).optional(), // the model's name when absent
    })
    .prefault({}),
  device: z.enum(["auto", "gpu", "cpu", "wasm", "js"]).default("auto"),
  priority: z.enum(["low", "high"]).default("low"), // of training Jobs
  promotion: Promotion.prefault({}),
  argocd: z.strictObject({ url: webAddress.optional() }).prefault({}), // where people open it: reports link there
  cost: Prices.prefault({}),
  drift: Drift.prefault({}),
};

const modelKeys = {
  description: z.string().default(""),
  data: Data,
  architecture: z.enum(["softmax", "mlp", "cnn", "transformer"]).default("softmax"),
  training: Training.prefault({}),
  sweep: Sweep.optional(), // what --sweep tries
  gate: Gate.prefault({}),
  serving: Serving.prefault({}),
};

/** A model's configuration in one environment, whole: what `loadConfig` returns. */
export const Config = z.strictObject({
  env: z.string().regex(/^[a-z0-9-]+$/),
  model: z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/), // also a Kubernetes name
  ...environmentKeys,
  ...modelKeys,
});

export type Config = z.infer<typeof Config>;
export type Data = z.infer<typeof Data>;
export type TableData = z.infer<typeof TableData>;
export type Feature = z.infer<typeof Feature>;
export type Training = z.infer<typeof Training>;
export type Gate = z.infer<typeof Gate>;
export type Promotion = z.infer<typeof Promotion>;
