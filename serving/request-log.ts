import { createWriteStream, statSync, type WriteStream } from "node:fs";
import { rename } from "node:fs/promises";
import { type Bins, binOf, binsOf } from "#training/drift/bins.ts";
import type { LoggedRequest } from "#training/drift/logged-request.ts";
import type { Reference } from "#training/package/reference.ts";

/** Where requests are logged, and how many. */
export interface RequestLogOptions {
  readonly path: string;
  readonly share: number; // of the requests, drawn by chance
  readonly maxBytes: number; // then the file is put aside as PATH.1, in place of the one before
}

/** Appends to the log; see `openRequestLog`. */
export type RequestLog = ReturnType<typeof openRequestLog>;

/**
 * A log that drift is measured by: JSON lines, without the inputs themselves, which may be anybody's. It never stops a
 * request: what can't be written is told to `onError`, and lost.
 */
export function openRequestLog({ path, share, maxBytes }: RequestLogOptions, onError: (error: Error) => void) {
  let bytes = sizeOf(path);
  let stream = open();
  let turning = Promise.resolve();

  function open(): WriteStream {
    return createWriteStream(path, { flags: "a" }).on("error", onError);
  }

  const turn = () => {
    bytes = 0;
    const full = stream;
    turning = new Promise<void>((resolve) => full.end(resolve))
      .then(() => rename(path, `${path}.1`))
      .catch(onError)
      .then(() => {
        stream = open();
      });
  };

  return {
    /** Whether the next request is one of those to log. */
    isDrawn: () => share >= 1 || Math.random() < share,
    add(entry: LoggedRequest): void {
      if (stream.writableEnded) return; // the file is being put aside: some are lost
      const line = `${JSON.stringify(entry)}\n`;
      stream.write(line);
      bytes += line.length;
      if (bytes >= maxBytes) turn();
    },
    async close(): Promise<void> {
      await turning;
      await new Promise<void>((resolve) => stream.end(resolve));
    },
  };
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

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
