import { availableParallelism } from "node:os";
import type { Serving } from "#config/serving.ts";
import type { Digest } from "#training/candidate.ts";
import type { Batches } from "#training/models/predictor.ts";
import { tokenCount } from "#training/text/tokenizer.ts";
import { createBatcher } from "./batcher.ts";
import { type Bucket, bucketsOf } from "./buckets.ts";
import { type Engine, UnavailableError } from "./engine.ts";
import { createModelProcess } from "./process/process.ts";

export type EngineKnobs = Pick<Serving, "maxBatchSize" | "dynamicBatching" | "executionTimeoutMs">;

export interface ModelEngineOptions {
  readonly knobs: EngineKnobs;
  readonly log: (message: string) => void;
  readonly texts?: { readonly maxTokens: number }; // of a model whose inputs are token ids
}

/**
 * An engine whose model computes in a process of its own, in batches of what was asked meanwhile. While that process is
 * away, and it is started again, `unavailable` says so.
 */
export async function startModelEngine(
  folder: string,
  digest: Digest,
  { knobs, log, texts }: ModelEngineOptions,
): Promise<Engine & { pid(): number | undefined }> {
  const { maxBatchSize: most, executionTimeoutMs } = knobs;
  // Of a text, computing is nearly all the work; of anything else, a thread of the server's has about as much to do.
  const threads = texts ? availableParallelism() : Math.max(1, availableParallelism() - 1);
  const batches: Batches = { most, ...(texts && { widths: widthsUpTo(texts.maxTokens) }) };
  const model = createModelProcess({
    task: { folder, digest, batches, threads },
    executionTimeoutMs,
    log,
    onAway: (reason) => batcher.empty(reason),
  });
  const { device, timings } = await model.start();
  const buckets = bucketsOf(timings) as [Bucket, ...Bucket[]]; // a model was compiled for one width at least
  for (const { width, maxRows, batchMs } of buckets) {
    const what = `${maxRows} inputs${texts ? ` of up to ${width} tokens` : ""}`;
    log(`the model computes with ${device}: ${batchMs(maxRows).toFixed(1)} ms for ${what}`);
  }
  const batcher = createBatcher({ ...knobs, buckets, ...(texts && { lengthOf: tokenCount }), compute: model.compute });
  return {
    predict(input, asker) {
      const reason = model.unavailable();
      if (reason !== undefined) throw new UnavailableError(reason);
      return batcher.ask(input, asker);
    },
    unavailable: model.unavailable,
    load: {
      queued: batcher.queued,
      computing: batcher.computing,
      restarts: model.restarts,
      residentBytes: model.residentBytes,
      onBatch: batcher.onBatch,
    },
    pid: model.pid,
    close: model.close,
  };
}

/** 16, 24, 32, 48, 64, ... up to `most`: but for the shortest, a text is computed at no more than half as long again. */
function widthsUpTo(most: number): number[] {
  const widths: number[] = [];
  for (let width = 16; width < most; width *= 2) widths.push(width, 1.5 * width);
  return [...widths.filter((width) => width < most), most];
}
