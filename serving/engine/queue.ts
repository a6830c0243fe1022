import type { DynamicBatching } from "#config/serving.ts";
import type { Bucket } from "./buckets.ts";
import { type Asker, UnavailableError } from "./engine.ts";

/** An input that waits for the model. */
export interface Waiting {
  readonly input: Float32Array;
  readonly bucket: Bucket;
  readonly asker: Asker;
  readonly sinceMs: number; // performance.now()
  readonly deadlineMs: number;
  resolve(probabilities: Float32Array): void;
  reject(error: Error): void;
}

/** What waits, by priority and then by arrival; never more than `maxQueueSize`. */
export function createQueue({ priorityLevels, defaultPriorityLevel, defaultQueuePolicy }: DynamicBatching) {
  const { defaultTimeoutMicroseconds, allowTimeoutOverride, maxQueueSize } = defaultQueuePolicy;
  const defaultTimeoutMs = defaultTimeoutMicroseconds / 1000;
  const levels: Waiting[][] = Array.from({ length: priorityLevels }, () => []);
  const size = () => levels.reduce((sum, level) => sum + level.length, 0);
  const rows = new Map<Bucket, number>();
  const count = (all: readonly Waiting[], by: 1 | -1) => {
    for (const { bucket } of all) rows.set(bucket, (rows.get(bucket) ?? 0) + by);
  };

  /** Forgets those whose clients left, and turns away those whose time is over. */
  const sweep = (nowMs: number) => {
    const isLate = ({ deadlineMs }: Waiting) => deadlineMs <= nowMs;
    const isOver = (waiting: Waiting) => isLate(waiting) || waiting.asker.isGone();
    for (const [at, level] of levels.entries()) {
      const over = level.filter(isOver);
      if (over.length === 0) continue;
      const late = over.filter(isLate);
      levels[at] = level.filter((waiting) => !isOver(waiting));
      count(over, -1);
      for (const { reject } of late) reject(new UnavailableError("the model is busy: it did not come to this in time"));
    }
  };

  return {
    size,
    sweep,
    isFull: () => size() >= maxQueueSize,
    oldestMs: () => Math.min(...levels.flatMap(([first]) => first?.sinceMs ?? [])),
    /** How many wait, bucket by bucket. */
    rows: rows as ReadonlyMap<Bucket, number>,
    /** The one that is next. */
    first: () => levels.find(([first]) => first)?.[0],
    add({ input, bucket, asker }: Pick<Waiting, "input" | "bucket" | "asker">): Promise<Float32Array> {
      const level = Math.min(Math.max(1, asker.priority ?? defaultPriorityLevel), priorityLevels);
      const wantedMs = allowTimeoutOverride ? (asker.timeoutMs ?? defaultTimeoutMs) : defaultTimeoutMs;
      const sinceMs = performance.now();
      const deadlineMs = sinceMs + Math.min(wantedMs, defaultTimeoutMs);
      const { promise, resolve, reject } = Promise.withResolvers<Float32Array>();
      const waiting = { input, bucket, asker, sinceMs, deadlineMs, resolve, reject };
      levels[level - 1]?.push(waiting);
      count([waiting], 1);
      return promise;
    },
    /** The next batch of a bucket, taken out. */
    take(bucket: Bucket): Waiting[] {
      const most = bucket.batchOf(rows.get(bucket) ?? 0);
      const taken: Waiting[] = [];
      for (const [at, level] of levels.entries()) {
        const rest: Waiting[] = [];
        for (const waiting of level) {
          (waiting.bucket === bucket && taken.length < most ? taken : rest).push(waiting);
        }
        levels[at] = rest;
      }
      count(taken, -1);
      return taken;
    },
    /** All that waits, taken out. */
    takeAll(): Waiting[] {
      const taken = levels.flatMap((level) => level.splice(0));
      count(taken, -1);
      return taken;
    },
  };
}
