import type { Digest } from "#training/candidate.ts";
import type { Timing } from "#training/models/predictor.ts";
import type { PackedShape } from "#training/text/packing.ts";

/** What the model's process is started with, as its one argument in JSON. */
export interface Task {
  readonly folder: string; // of the package
  readonly digest: Digest;
  readonly most: number; // inputs of a batch
  readonly shapes?: readonly PackedShape[]; // of batches, when the inputs are texts
  readonly threads: { readonly within: number; readonly between: number }; // for one operation; for several, -1: the one that asks
}

/**
 * File descriptor of the file that the model's process finds inputs in: float32 values of this machine's byte order, those
 * of the newest batch from its start on.
 */
export const inputsDescriptor = 4;

/** To the model's process: `rows` inputs of `width` values each are at `inputsDescriptor`, one after the other. */
export interface BatchMessage {
  readonly rows: number;
  readonly width: number;
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
