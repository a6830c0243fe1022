import { z } from "zod";
import { csvData } from "./data.ts";

/**
 * Texts with a class name each: a CSV file, or a folder of CSV files (`*.csv`) with the same columns. Roles are drawn by
 * content, so copies share one; a split column decides instead where there is one.
 */
export const TextData = z.strictObject({
  ...csvData,
  format: z.literal("text"),
  text: z.string().min(1).default("text"), // the column that holds the text
  label: z.string().min(1).default("label"), // the column that holds the class name
  // the column that says train, validation (or dev, val, valid) or test; without rows of validation they are drawn from train
  split: z.string().min(1).optional(),
});

export type TextData = z.infer<typeof TextData>;

/** A pretrained encoder, and how it is trained on. */
export const Transformer = z.strictObject({
  // a folder, s3://BUCKET/PREFIX or hf://NAME@COMMIT: BERT's or DistilBERT's config.json, model.safetensors and tokenizer
  checkpoint: z.string().min(1).optional(),
  maxTokens: z.int().min(4).max(4096).default(128), // of a text, special tokens included; what is longer is cut
  freeze: z
    .strictObject({
      embeddings: z.boolean().default(false), // keep them as they are
      blocks: z.int().nonnegative().default(0), // keep the first so many
    })
    .prefault({}),
});
