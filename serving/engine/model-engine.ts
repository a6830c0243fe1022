import { availableParallelism } from "node:os";
import type { Serving } from "#config/serving.ts";
import type { Digest } from "#training/candidate.ts";
import { packedShapes } from "#training/text/packing.ts";
import { createBatcher } from "./batcher.ts";
import { type Engine, UnavailableError } from "./engine.ts";
import { planOfRows, planOfTexts } from "./plan.ts";
import { createModelProcess } from "./process/process.ts";

export type EngineKnobs = Pick<Serving, "maxBatchSize" | "dynamicBatching" | "executionTimeoutMs">;

export interface ModelEngineOptions {
  readonly knobs: EngineKnobs;
  readonly log: (message: string) => void;
  readonly texts?: { readonly maxTokens: number }; // of a model whose inputs are token ids
}

const mostRows = 8; // of tokens side by side, each on a core: more at once would only answer later

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
  const cores = availableParallelism();
  const shapes = texts && packedShapes(most, { ...texts, rows: Math.min(mostRows, cores) });
  // Texts have a core for each row. Of anything else a thread of the server's has about as much to do, and on the thread that
  // asks none waits until another has woken up for the next operation.
  const threads = shapes ? { within: 1, between: cores } : { within: Math.max(1, cores - 1), between: -1 };
  const model = createModelProcess({
    task: { folder, digest, most, ...(shapes && { shapes }), threads },
    executionTimeoutMs,
    log,
    onAway: (reason) => batcher.empty(reason),
  });
  const { device, timings } = await model.start();
  const plan = shapes ? planOfTexts(shapes, timings) : planOfRows(timings);
  const ms = plan.batchMs(plan.most).toFixed(1);
  log(`the model computes with ${device}: ${ms} ms for ${plan.most} ${texts ? "tokens" : "inputs"}`);
  const batcher = createBatcher({ ...knobs, plan, compute: model.compute });
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
