import type { Feature } from "#config/schema.ts";
import type { Digest } from "#training/candidate.ts";
import type { Examples } from "#training/data/dataset.ts";
import type { ModelPackage } from "#training/package/package.ts";

/** What is asked, and who answers. */
export interface EvaluateOptions {
  readonly model: string;
  readonly env: string;
  readonly examples: Examples<"validation" | "test">;
  readonly examplesFingerprint: Digest;
  readonly classes: readonly string[]; // of the data, in the order of the examples' labels
  readonly features?: readonly Feature[] | undefined; // of a table, in the order of the inputs
  readonly candidate: ModelPackage;
  readonly champion?: Opponent | undefined;
  readonly looks: number; // at these examples, this one included; 0 on validation
}

/** A model in production; `examples` where its tokenizer makes other numbers of the same texts. */
interface Opponent {
  readonly version: string;
  readonly package: ModelPackage;
  readonly examples?: Examples<"validation" | "test"> | undefined;
}
