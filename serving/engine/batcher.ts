import type { Serving } from "#config/serving.ts";
import { type Bucket, computeMs } from "./buckets.ts";
import { type Asker, type BatchFigures, UnavailableError } from "./engine.ts";
import { createQueue, type Waiting } from "./queue.ts";

/** Probabilities of a batch, row by row; those of a row that could not be computed are no numbers. */
export interface BatchAnswer {
  readonly probabilities: Float32Array;
  readonly cpuMs: number; // of whoever computed
}

export interface BatcherOptions extends Pick<Serving, "dynamicBatching"> {
  readonly buckets: readonly [Bucket, ...Bucket[]]; // the narrowest first
  /** How many values of an input say something; absent: all. */
  lengthOf?(input: Float32Array): number;
  /** Computes the first `width` values of each input. Called again only after the answer. */
  compute(inputs: readonly Float32Array[], width: number): Promise<BatchAnswer>;
}

const sweepMs = 50;
const memory = 0.1; // share of the newest batch in what is expected of the next

/**
 * Gathers what is asked while the model computes: once it is free, what waits goes to it together, up to a batch. Where
 * there are several buckets, that is the first that waits and all of its width. What would wait for longer than `maxQueueMs` at the present speed is turned away at once, so that the
 * others are answered in time and memory stays flat.
 */
export function createBatcher({ dynamicBatching, buckets, lengthOf, compute }: BatcherOptions) {
  const queue = createQueue(dynamicBatching);
  const { maxQueueMs } = dynamicBatching.defaultQueuePolicy;
  const maxDelayMs = dynamicBatching.maxQueueDelayMicroseconds / 1000;
  const listeners: ((figures: BatchFigures) => void)[] = [];
  // Times of the last batches, the older the less they weigh; short ones say little, being a moment's bad luck.
  const [{ batchMs, maxRows }] = buckets;
  const recent = { expectedMs: batchMs(maxRows), actualMs: batchMs(maxRows) };
  let computing: { bucket: Bucket; rows: number } | undefined;
  let delay: NodeJS.Timeout | undefined;
  let sweeping: NodeJS.Timeout | undefined;

  /** How long it takes until all that is here has been computed. */
  const expectedMs = () => {
    let ms = 0;
    for (const bucket of buckets) {
      const rows = (queue.rows.get(bucket) ?? 0) + (computing?.bucket === bucket ? computing.rows : 0);
      ms += computeMs(bucket, rows);
    }
    return (recent.actualMs / recent.expectedMs) * ms;
  };

  const bucketFor = (input: Float32Array): Bucket => {
    const length = lengthOf?.(input) ?? input.length;
    return buckets.find(({ width }) => width >= length) ?? buckets[0];
  };

  const run = async (batch: readonly Waiting[], bucket: Bucket): Promise<void> => {
    const inputs = batch.map(({ input }) => input);
    const startMs = performance.now();
    let tookMs = 0;
    const goOn = () => {
      tookMs = performance.now() - startMs;
      computing = undefined;
      next();
    };
    try {
      const { probabilities, cpuMs } = await compute(inputs, bucket.width).finally(goOn); // and only then answers these
      recent.expectedMs = (1 - memory) * recent.expectedMs + memory * bucket.batchMs(batch.length);
      recent.actualMs = (1 - memory) * recent.actualMs + memory * tookMs;
      answer(batch, probabilities, cpuMs / batch.length);
      const queueMs = batch.map(({ sinceMs }) => startMs - sinceMs);
      for (const listener of listeners) listener({ rows: batch.length, queueMs, computeMs: tookMs });
    } catch (error) {
      for (const { reject } of batch) reject(error instanceof Error ? error : new Error(String(error)));
    }
  };

  const next = (): void => {
    clearTimeout(delay);
    if (computing) return;
    queue.sweep(performance.now());
    const bucket = queue.first()?.bucket;
    if (!bucket) {
      stopSweeping();
      return;
    }
    const isFull = (queue.rows.get(bucket) ?? 0) >= bucket.maxRows;
    const waitMs = !isFull && maxDelayMs > 0 ? queue.oldestMs() + maxDelayMs - performance.now() : 0;
    if (waitMs > 0) {
      delay = setTimeout(next, waitMs);
      return;
    }
    const batch = queue.take(bucket);
    computing = { bucket, rows: batch.length };
    void run(batch, bucket);
  };

  const stopSweeping = () => {
    clearInterval(sweeping);
    sweeping = undefined;
  };

  return {
    queued: queue.size,
    computing: () => computing?.rows ?? 0,
    onBatch: (listener: (figures: BatchFigures) => void) => void listeners.push(listener),
    /** @throws UnavailableError when it would have to wait too long. */
    ask(input: Float32Array, asker: Asker): Promise<Float32Array> {
      const isTooMuch = () => queue.isFull() || expectedMs() > maxQueueMs;
      if (isTooMuch()) queue.sweep(performance.now()); // those who left make room
      if (isTooMuch()) throw new UnavailableError("the model has more to do than it can answer in time", expectedMs());
      const answered = queue.add({ input, bucket: bucketFor(input), asker });
      sweeping ??= setInterval(() => queue.sweep(performance.now()), sweepMs);
      next();
      return answered;
    },
    /** Turns away all that waits. */
    empty(reason: string): void {
      clearTimeout(delay);
      stopSweeping();
      for (const { reject } of queue.takeAll()) reject(new UnavailableError(reason));
    },
  };
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
