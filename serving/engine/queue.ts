import type { DynamicBatching } from "#config/serving.ts";
import { type Asker, UnavailableError } from "./engine.ts";
import type { Plan } from "./plan.ts";

/** An input that waits for the model. */
export interface Waiting {
  readonly input: Float32Array;
  readonly size: number; // of its part of a batch
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
  let totalSize = 0;
  const uncount = (all: readonly Waiting[]) => {
    for (const { size } of all) totalSize -= size;
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
      uncount(over);
      for (const { reject } of late) reject(new UnavailableError("the model is busy: it did not come to this in time"));
    }
  };

  return {
    size,
    sweep,
    isFull: () => size() >= maxQueueSize,
    oldestMs: () => Math.min(...levels.flatMap(([first]) => first?.sinceMs ?? [])),
    /** Of all that waits. */
    totalSize: () => totalSize,
    add({ input, size, asker }: Pick<Waiting, "input" | "size" | "asker">): Promise<Float32Array> {
      const level = Math.min(Math.max(1, asker.priority ?? defaultPriorityLevel), priorityLevels);
      const wantedMs = allowTimeoutOverride ? (asker.timeoutMs ?? defaultTimeoutMs) : defaultTimeoutMs;
      const sinceMs = performance.now();
      const deadlineMs = sinceMs + Math.min(wantedMs, defaultTimeoutMs);
      const { promise, resolve, reject } = Promise.withResolvers<Float32Array>();
      const waiting = { input, size, asker, sinceMs, deadlineMs, resolve, reject };
      levels[level - 1]?.push(waiting);
      totalSize += size;
      return promise;
    },
    /** The next batch, taken out. */
    take(choose: Plan["choose"]): Waiting[] {
      const all = levels.flat();
      const isIn = choose(all.map(({ size }) => size));
      const taken = all.filter((_, at) => isIn[at]);
      const gone = new Set(taken);
      for (const [at, level] of levels.entries()) levels[at] = level.filter((waiting) => !gone.has(waiting));
      uncount(taken);
      return taken;
    },
    /** All that waits, taken out. */
    takeAll(): Waiting[] {
      const taken = levels.flatMap((level) => level.splice(0));
      uncount(taken);
      return taken;
    },
  };
}
