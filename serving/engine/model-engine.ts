import type { Serving } from "#config/serving.ts";
import type { Digest } from "#training/candidate.ts";
import { createBatcher } from "./batcher.ts";
import { type Engine, UnavailableError } from "./engine.ts";
import { createModelProcess } from "./process/process.ts";

export type EngineKnobs = Pick<Serving, "maxBatchSize" | "dynamicBatching" | "executionTimeoutMs">;

/**
 * An engine whose model computes in a process of its own, in batches of what was asked meanwhile. While that process is
 * away, and it is started again, `unavailable` says so.
 */
export async function startModelEngine(
  folder: string,
  digest: Digest,
  { knobs, log }: { knobs: EngineKnobs; log: (message: string) => void },
): Promise<Engine & { pid(): number | undefined }> {
  const { maxBatchSize, executionTimeoutMs } = knobs;
  const model = createModelProcess({
    task: { folder, digest, maxBatchSize },
    executionTimeoutMs,
    log,
    onAway: (reason) => batcher.empty(reason),
  });
  const { device, timings } = await model.start();
  const batchMs = (rows: number) => (timings.find((timing) => timing.rows >= rows) ?? timings.at(-1))?.ms ?? 0;
  log(`the model computes with ${device}: ${batchMs(maxBatchSize).toFixed(1)} ms for ${maxBatchSize} inputs`);
  const batcher = createBatcher({ ...knobs, compute: model.compute, batchMs });
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
