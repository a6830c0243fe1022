import type { Serving } from "#config/serving.ts";
import { type Asker, type BatchFigures, UnavailableError } from "./engine.ts";
import { createQueue, type Waiting } from "./queue.ts";

/** Probabilities of a batch, row by row; those of a row that could not be computed are no numbers. */
export interface BatchAnswer {
  readonly probabilities: Float32Array;
  readonly cpuMs: number; // of whoever computed
}

export interface BatcherOptions extends Pick<Serving, "maxBatchSize" | "dynamicBatching"> {
  /** Computes `rows` inputs, one after the other. Called again only after the answer. */
  compute(inputs: Float32Array, rows: number): Promise<BatchAnswer>;
  /** How long a batch of so many rows takes on a machine with nothing else to do. */
  batchMs(rows: number): number;
}

const sweepMs = 50;
const memory = 0.1; // share of the newest batch in what is expected of the next

/**
 * Gathers what is asked while the model computes: once it is free, all that waits goes to it together, up to
 * `maxBatchSize`. What would wait for longer than `maxQueueMs` at the present speed is turned away at once, so that the
 * others are answered in time and memory stays flat.
 */
export function createBatcher({ maxBatchSize, dynamicBatching, compute, batchMs }: BatcherOptions) {
  const queue = createQueue(dynamicBatching);
  const { maxQueueMs } = dynamicBatching.defaultQueuePolicy;
  const maxDelayMs = dynamicBatching.maxQueueDelayMicroseconds / 1000;
  const listeners: ((figures: BatchFigures) => void)[] = [];
  // Times of the last batches, the older the less they weigh; short ones say little, being a moment's bad luck.
  const recent = { expectedMs: batchMs(maxBatchSize), actualMs: batchMs(maxBatchSize) };
  let computing = 0;
  let delay: NodeJS.Timeout | undefined;
  let sweeping: NodeJS.Timeout | undefined;

  /** How long it takes until all that is here has been computed. */
  const expectedMs = () => {
    const rows = queue.size() + computing;
    const rest = rows % maxBatchSize;
    const slowness = recent.actualMs / recent.expectedMs;
    return slowness * (Math.floor(rows / maxBatchSize) * batchMs(maxBatchSize) + (rest > 0 ? batchMs(rest) : 0));
  };

  const run = async (batch: readonly Waiting[]): Promise<void> => {
    const startMs = performance.now();
    try {
      const { probabilities, cpuMs } = await compute(concatenated(batch), batch.length);
      const computeMs = performance.now() - startMs;
      recent.expectedMs = (1 - memory) * recent.expectedMs + memory * batchMs(batch.length);
      recent.actualMs = (1 - memory) * recent.actualMs + memory * computeMs;
      answer(batch, probabilities, cpuMs / batch.length);
      const queueMs = batch.map(({ sinceMs }) => startMs - sinceMs);
      for (const listener of listeners) listener({ rows: batch.length, queueMs, computeMs });
    } catch (error) {
      for (const { reject } of batch) reject(error instanceof Error ? error : new Error(String(error)));
    }
  };

  const next = (): void => {
    clearTimeout(delay);
    if (computing > 0) return;
    queue.sweep(performance.now());
    const size = queue.size();
    const waitMs = size < maxBatchSize && maxDelayMs > 0 ? queue.oldestMs() + maxDelayMs - performance.now() : 0;
    if (size === 0) stopSweeping();
    else if (waitMs > 0) delay = setTimeout(next, waitMs);
    else {
      const batch = queue.take(maxBatchSize);
      computing = batch.length;
      void run(batch).finally(() => {
        computing = 0;
        next();
      });
    }
  };

  const stopSweeping = () => {
    clearInterval(sweeping);
    sweeping = undefined;
  };

  return {
    queued: queue.size,
    computing: () => computing,
    onBatch: (listener: (figures: BatchFigures) => void) => void listeners.push(listener),
    /** @throws UnavailableError when it would have to wait too long. */
    ask(input: Float32Array, asker: Asker): Promise<Float32Array> {
      const isTooMuch = () => queue.isFull() || expectedMs() > maxQueueMs;
      if (isTooMuch()) queue.sweep(performance.now()); // those who left make room
      if (isTooMuch()) throw new UnavailableError("the model has more to do than it can answer in time", expectedMs());
      const answered = queue.add({ input, asker });
      sweeping ??= setInterval(() => queue.sweep(performance.now()), sweepMs);
      next();
      return answered;
    },
    /** Turns away all that waits. */
    empty(reason: string): void {
      clearTimeout(delay);
      stopSweeping();
      for (const { reject } of queue.take(queue.size())) reject(new UnavailableError(reason));
    },
  };
}

function concatenated(batch: readonly Waiting[]): Float32Array {
  const size = batch[0]?.input.length ?? 0;
  const values = new Float32Array(batch.length * size);
  for (const [at, { input }] of batch.entries()) values.set(input, at * size);
  return values;
}

function answer(batch: readonly Waiting[], probabilities: Float32Array, cpuMs: number): void {
  const width = probabilities.length / batch.length;
  for (const [at, { asker, resolve, reject }] of batch.entries()) {
    const row = probabilities.slice(at * width, (at + 1) * width);
    asker.charge(cpuMs);
    if (row.every(Number.isFinite)) resolve(row);
    else reject(new Error("the model could not compute this input"));
  }
}
