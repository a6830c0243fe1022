import type { Sample } from "./run.ts";

/** What many answers come to. Latencies in milliseconds, of those that were answered 200. */
export interface Summary {
  readonly requests: number;
  readonly failed: number;
  readonly perSecond: number; // answered 200
  readonly percentiles: Readonly<Record<"p50" | "p90" | "p95" | "p99" | "max", number>>;
  readonly statuses: Readonly<Record<string, number>>;
}

/** `seconds` is the time in which the samples were taken. */
export function summarize(samples: readonly Sample[], seconds: number): Summary {
  const good = samples.filter(({ status }) => status === 200);
  const latencies = Float64Array.from(good, ({ latencyMs }) => latencyMs).sort();
  const at = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] ?? Number.NaN;
  const statuses: Record<string, number> = {};
  for (const { status } of samples) {
    const name = status === 0 ? "no answer" : String(status);
    statuses[name] = (statuses[name] ?? 0) + 1;
  }
  return {
    requests: samples.length,
    failed: samples.length - good.length,
    perSecond: good.length / seconds,
    percentiles: { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1) },
    statuses,
  };
}

/** The same for each second. */
export function bySecond(samples: readonly Sample[]): { second: number; summary: Summary }[] {
  const seconds = Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / 1000));
  return [...seconds]
    .sort(([one], [other]) => one - other)
    .map(([second, own]) => ({ second, summary: summarize(own, 1) }));
}
