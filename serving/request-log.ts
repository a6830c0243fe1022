import { type Bins, binOf, binsOf } from "#training/drift/bins.ts";
import type { LoggedRequest } from "#training/drift/logged-request.ts";
import type { Reference } from "#training/package/reference.ts";
import { openStorage } from "#training/storage/open.ts";
import { openFileLog } from "./file-log.ts";
import { openStoredLog } from "./stored-log.ts";

/** Where requests are logged, and how many. */
export interface RequestLogOptions {
  readonly place: string; // a file, or s3://
  readonly share: number; // of the requests, drawn by chance
  readonly maxBytes: number; // of a file or object; then another one is begun
  readonly everySeconds: number; // an object is written
}

/** A log that drift is measured by; see `openRequestLog`. */
export interface RequestLog {
  /** Whether the next request is one of those to log. */
  isDrawn(): boolean;
  add(entry: LoggedRequest): void;
  /** Writes what is still to be written. */
  close(): Promise<void>;
}

/**
 * A log that drift is measured by: JSON lines, without the inputs themselves, which may be anybody's. It never stops a
 * request: what can't be written is told to `onError`, and lost.
 */
export function openRequestLog(
  { place, share, ...sizes }: RequestLogOptions,
  model: string,
  onError: (error: Error) => void,
): RequestLog {
  const log = place.includes("://")
    ? openStoredLog({ storage: openStorage(place), model, ...sizes }, onError)
    : openFileLog(place, sizes.maxBytes, onError);
  return { isDrawn: () => share >= 1 || Math.random() < share, ...log };
}

/** Logs predictions of a model, each with its inputs counted in the bins of the model's reference. */
export function createRecorder(
  log: RequestLog,
  { reference, classes, digest }: { reference: Reference; classes: readonly string[]; digest: string },
): (input: Float32Array, answer: { probabilities: Float32Array; best: number }) => void {
  const columns = reference.inputs.map(({ histogram }): Bins => binsOf(histogram));
  return (input, { probabilities, best }) => {
    if (!log.isDrawn()) return;
    const time = new Date().toISOString();
    const confidence = probabilities[best] ?? 0;
    log.add({ time, digest, inputs: binned(input, columns), class: classes[best] ?? "", confidence });
  };
}

/** Of each column, how many values are in each bin. */
function binned(input: Float32Array, columns: readonly Bins[]): number[][] {
  const counts = columns.map(({ expected }) => expected.map(() => 0));
  for (const [at, value] of input.entries()) {
    const bins = columns[at % columns.length];
    const own = counts[at % columns.length];
    if (!bins || !own) continue;
    const bin = binOf(bins, value);
    own[bin] = (own[bin] ?? 0) + 1;
  }
  return counts;
}
