import type { Digest } from "#training/candidate.ts";
import type { Timing } from "#training/models/predictor.ts";

/** What the model's process is started with, as its one argument in JSON. */
export interface Task {
  readonly folder: string; // of the package
  readonly digest: Digest;
  readonly maxBatchSize: number;
}

/** To the model's process: `rows` inputs, one after the other. */
export interface BatchMessage {
  readonly inputs: Float32Array;
  readonly rows: number;
}

/** From the model's process. Each batch gets one `answer`. */
export type ProcessMessage =
  | { readonly kind: "ready"; readonly device: string; readonly timings: readonly Timing[] }
  | { readonly kind: "failed"; readonly reason: string } // it ends
  | {
      readonly kind: "answer";
      readonly probabilities: Float32Array; // NaN for a row that failed
      readonly cpuMs: number;
      readonly residentBytes: number;
      readonly fault?: string; // why a row failed
    };
