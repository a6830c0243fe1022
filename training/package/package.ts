import type { LayersModel } from "@tensorflow/tfjs-layers";
import { z } from "zod";
import { Feature } from "#config/schema.ts";
import type { Digest } from "#training/candidate.ts";
import type { TextEncoder } from "#training/text/tokenizer.ts";
import type { Reference } from "./reference.ts";

/** Numbers in nested arrays, one level a dimension, as JSON holds a tensor. */
export type NestedNumbers = number | NestedNumbers[];

const Nested: z.ZodType<NestedNumbers> = z.lazy(() => z.union([z.number(), z.array(Nested)]));

/** Rows of any shape. */
export const Rows = z.array(Nested).min(1);

/** What a model takes or gives: any number of rows, then the shape of one. */
export const TensorSpec = z.strictObject({
  dtype: z.literal("float32"),
  shape: z.tuple(
    [z.literal(-1)],
    z
      .int()
      .positive()
      .max(2 ** 24),
  ),
});

/** MLflow's tensor signature of a classifier: `[-1, ...input shape]` in, `[-1, classes]` out. */
export const Signature = z.strictObject({ inputs: TensorSpec, outputs: TensorSpec });

/** What a model of texts takes and gives, and what it was trained on from. */
const TextInfo = z.strictObject({
  maxTokens: z
    .int()
    .positive()
    .max(2 ** 24),
  classes: z
    .int()
    .positive()
    .max(2 ** 24),
  pretrained: z.strictObject({ uri: z.string(), license: z.string().optional() }),
});

/** What is known of a model beside its weights; in the package as `metadata` of `MLmodel`. */
export const ModelInfo = z.strictObject({
  name: z.string().min(1),
  architecture: z.string().min(1),
  description: z.string().default(""),
  temperature: z.number().positive(), // already folded into the last layer's weights
  features: z.array(Feature).optional(), // of a table, in the order of the input
  text: TextInfo.optional(), // of a model of texts
});

/** How texts become inputs of the model. */
export interface TextInputs {
  readonly encoder: TextEncoder; // makes rows of texts
  readonly examples: readonly string[]; // of which the input example is
  /** What is measured of an input to tell drift, in the order of the reference's inputs; `undefined` for tokens alone. */
  createMeasure(): ((input: Float32Array) => Float32Array) | undefined;
}

/** What a verified model package says of its model. */
export interface PackageDescription {
  readonly digest: Digest; // of digests.txt, and so of every byte
  readonly info: ModelInfo;
  readonly classes: readonly string[]; // in the order of the model's output
  readonly signature: Signature;
  readonly features?: readonly Feature[]; // names and bounds of the inputs of a table
  readonly temperature: number;
  readonly inputExample: NestedNumbers[]; // rows the model can answer
  readonly text?: TextInputs;
  readonly reference: Reference; // statistics to measure drift against
}

/** A verified model package, its model alive on the active backend. The caller disposes of `model`. */
export interface ModelPackage extends PackageDescription {
  readonly model: LayersModel; // raw inputs in, calibrated probabilities out
}

export type TensorSpec = z.infer<typeof TensorSpec>;
export type Signature = z.infer<typeof Signature>;
export type ModelInfo = z.infer<typeof ModelInfo>;
