import { z } from "zod";

/** Counts in bins: bin `i` holds values from `edges[i]` to below `edges[i + 1]`, the last one its upper edge too. */
export const Histogram = z.strictObject({
  edges: z.array(z.number()).min(2),
  counts: z.array(z.int().nonnegative()).min(1),
});

/** One input column of a table, or one channel of an image over all pixels, on the training examples. */
export const InputStatistics = z.strictObject({
  name: z.string(),
  count: z.int().positive(), // values seen
  mean: z.number(),
  std: z.number().nonnegative(), // of the population
  min: z.number(),
  max: z.number(),
  quantiles: z.array(z.strictObject({ probability: z.number(), value: z.number() })), // linear interpolation, as NumPy's default
  histogram: Histogram, // equal widths from min to max
});

/** The space of `training/text/embedding-space.ts`, which needs the word embeddings of the model's own encoder. */
const EmbeddingSpace = z.strictObject({ axes: z.array(z.array(z.number())), offset: z.array(z.number()) });

/** `reference.json`: what the model's inputs and answers looked like when it was made. */
export const Reference = z.strictObject({
  rows: z.strictObject({ train: z.int().positive(), validation: z.int().positive() }), // examples the numbers below come from
  inputs: z.array(InputStatistics).min(1),
  labels: z.array(z.int().nonnegative()), // training rows of each class
  predictions: z.array(z.int().nonnegative()), // validation rows the model gives each class
  confidence: Histogram, // of the probability of the predicted class, on validation
  embedding: EmbeddingSpace.optional(), // of texts: what their columns beside `tokens` are measured by
});

export type Histogram = z.infer<typeof Histogram>;
export type InputStatistics = z.infer<typeof InputStatistics>;
export type Reference = z.infer<typeof Reference>;
