import type { Entry } from "./entry.ts";
import { limits } from "./limits.ts";
import type { MetricPoint } from "./run.ts";

/** What goes to MLflow in one `logBatch`. */
export interface Batch {
  metrics: MetricPoint[];
  params: Record<string, string>;
  tags: Record<string, string>;
}

type Loggable = Extract<Entry, { kind: "params" | "tags" | "metrics" }>;
type Item = { bytes: number } & (
  | { kind: "metrics"; point: MetricPoint }
  | { kind: "params" | "tags"; key: string; value: string }
);

const bytesToSpare = 10_000; // for what stands around the items
const bytesOfNumbers = 100; // value, timestamp and step of a point

/** The entries in their order, as few batches within MLflow's limits of number and size. */
export function toBatches(entries: readonly Loggable[]): Batch[] {
  const batches: Batch[] = [];
  let batch: Batch | undefined;
  let counts = { metrics: 0, params: 0, tags: 0, bytes: 0 };
  for (const item of itemsOf(entries)) {
    const full =
      counts[item.kind] >= maximum[item.kind] ||
      counts.metrics + counts.params + counts.tags >= limits.itemsPerBatch ||
      counts.bytes + item.bytes > limits.batchBytes - bytesToSpare;
    if (batch === undefined || full) {
      batch = { metrics: [], params: {}, tags: {} };
      batches.push(batch);
      counts = { metrics: 0, params: 0, tags: 0, bytes: 0 };
    }
    counts[item.kind]++;
    counts.bytes += item.bytes;
    if (item.kind === "metrics") batch.metrics.push(item.point);
    else batch[item.kind][item.key] = item.value;
  }
  return batches;
}

const maximum = { metrics: limits.metricsPerBatch, params: limits.paramsPerBatch, tags: limits.tagsPerBatch };

function* itemsOf(entries: readonly Loggable[]): Generator<Item> {
  for (const entry of entries) {
    if (entry.kind === "metrics") {
      for (const [key, value] of Object.entries(entry.values)) {
        const point = { key, value, timestamp: entry.time, step: entry.step };
        yield { kind: "metrics", point, bytes: bytesOf(key) + bytesOfNumbers };
      }
    } else {
      const texts = entry.kind === "params" ? entry.params : entry.tags;
      for (const [key, value] of Object.entries(texts)) {
        yield { kind: entry.kind, key, value, bytes: bytesOf(key) + bytesOf(value) };
      }
    }
  }
}

function bytesOf(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) + 20;
}
