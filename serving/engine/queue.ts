import type { DynamicBatching } from "#config/serving.ts";
import { type Asker, UnavailableError } from "./engine.ts";

/** An input that waits for the model. */
export interface Waiting {
  readonly input: Float32Array;
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

  /** Forgets those whose clients left, and turns away those whose time is over. */
  const sweep = (nowMs: number) => {
    for (const [at, level] of levels.entries()) {
      const late = level.filter(({ deadlineMs }) => deadlineMs <= nowMs);
      if (late.length === 0 && !level.some(({ asker }) => asker.isGone())) continue;
      levels[at] = level.filter(({ asker, deadlineMs }) => !asker.isGone() && deadlineMs > nowMs);
      for (const { reject } of late) reject(new UnavailableError("the model is busy: it did not come to this in time"));
    }
  };

  return {
    size,
    sweep,
    isFull: () => size() >= maxQueueSize,
    oldestMs: () => Math.min(...levels.flatMap(([first]) => first?.sinceMs ?? [])),
    add({ input, asker }: Pick<Waiting, "input" | "asker">): Promise<Float32Array> {
      const level = Math.min(Math.max(1, asker.priority ?? defaultPriorityLevel), priorityLevels);
      const wantedMs = allowTimeoutOverride ? (asker.timeoutMs ?? defaultTimeoutMs) : defaultTimeoutMs;
      const sinceMs = performance.now();
      const deadlineMs = sinceMs + Math.min(wantedMs, defaultTimeoutMs);
      const { promise, resolve, reject } = Promise.withResolvers<Float32Array>();
      levels[level - 1]?.push({ input, asker, sinceMs, deadlineMs, resolve, reject });
      return promise;
    },
    /** The first `count`, taken out. */
    take(count: number): Waiting[] {
      const taken: Waiting[] = [];
      for (const level of levels) taken.push(...level.splice(0, count - taken.length));
      return taken;
    },
  };
}
