import type { Serving } from "#config/serving.ts";
import { type Asker, type BatchFigures, UnavailableError } from "./engine.ts";
import { computeMs, type Plan } from "./plan.ts";
import { createQueue, type Waiting } from "./queue.ts";

/** Probabilities of a batch, row by row; those of a row that could not be computed are no numbers. */
export interface BatchAnswer {
  readonly probabilities: Float32Array;
  readonly cpuMs: number; // of whoever computed
}

export interface BatcherOptions extends Pick<Serving, "dynamicBatching"> {
  readonly plan: Plan;
  /** Called again only after the answer. */
  compute(inputs: readonly Float32Array[]): Promise<BatchAnswer>;
}

const sweepMs = 50;
const memory = 0.1; // share of the newest batch in what is expected of the next

/**
 * Gathers what is asked while the model computes: once it is free, what waits goes to it together, as `plan` has it. What would
 * wait for longer than `maxQueueMs` at the present speed is turned away at once, so that the others are answered in time and
 * memory stays flat.
 */
export function createBatcher({ dynamicBatching, plan, compute }: BatcherOptions) {
  const queue = createQueue(dynamicBatching);
  const { maxQueueMs } = dynamicBatching.defaultQueuePolicy;
  const maxDelayMs = dynamicBatching.maxQueueDelayMicroseconds / 1000;
  const listeners: ((figures: BatchFigures) => void)[] = [];
  // Times of the last batches, the older the less they weigh; short ones say little, being a moment's bad luck.
  const recent = { expectedMs: plan.batchMs(plan.most), actualMs: plan.batchMs(plan.most) };
  let computing: { rows: number; size: number } | undefined;
  let delay: NodeJS.Timeout | undefined;
  let sweeping: NodeJS.Timeout | undefined;

  /** How long it takes until all that is here has been computed. */
  const expectedMs = () => {
    const ms = computeMs(plan, queue.totalSize()) + (computing ? plan.batchMs(computing.size) : 0);
    return (recent.actualMs / recent.expectedMs) * ms;
  };

  const run = async (batch: readonly Waiting[], totalSize: number): Promise<void> => {
    const inputs = batch.map(({ input }) => input);
    const startMs = performance.now();
    let tookMs = 0;
    const goOn = () => {
      tookMs = performance.now() - startMs;
      computing = undefined;
      next();
    };
    try {
      const { probabilities, cpuMs } = await compute(inputs).finally(goOn); // and only then answers these
      recent.expectedMs = (1 - memory) * recent.expectedMs + memory * plan.batchMs(totalSize);
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
    if (queue.size() === 0) {
      stopSweeping();
      return;
    }
    const isFull = queue.totalSize() >= plan.most;
    const waitMs = !isFull && maxDelayMs > 0 ? queue.oldestMs() + maxDelayMs - performance.now() : 0;
    if (waitMs > 0) {
      delay = setTimeout(next, waitMs);
      return;
    }
    const batch = queue.take(plan.choose);
    const totalSize = batch.reduce((sum, { size }) => sum + size, 0);
    computing = { rows: batch.length, size: totalSize };
    void run(batch, totalSize);
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
      const answered = queue.add({ input, size: plan.sizeOf(input), asker });
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
