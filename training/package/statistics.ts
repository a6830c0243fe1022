import type { Histogram, InputStatistics } from "./reference.ts";

const probabilities = [0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99];
const bins = 20;

/** Statistics of one input; `values` are finite and at least one. Oracle: NumPy's mean, std, quantile and histogram. */
export function inputStatistics(name: string, values: Float32Array): InputStatistics {
  const sorted = values.toSorted();
  const min = sorted[0] ?? Number.NaN;
  const max = sorted.at(-1) ?? Number.NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return {
    name,
    count: values.length,
    mean,
    std: Math.sqrt(variance),
    min,
    max,
    quantiles: probabilities.map((probability) => ({ probability, value: quantile(sorted, probability) })),
    histogram: histogram(values, min < max ? [min, max] : [min - 0.5, max + 0.5], bins),
  };
}

/** Values counted in equal bins over `range`; values outside of it are not counted. */
export function histogram(values: Float32Array, range: readonly [number, number], binCount: number): Histogram {
  const [low, high] = range;
  const edges = Array.from({ length: binCount + 1 }, (_, index) => low + ((high - low) * index) / binCount);
  edges[binCount] = high; // rounding must not lose the largest value
  const counts = new Array<number>(binCount).fill(0);
  for (const value of values) {
    if (value < low || value > high) continue;
    let bin = Math.min(binCount - 1, Math.floor(((value - low) / (high - low)) * binCount));
    if (value < (edges[bin] ?? low))
      bin--; // an edge belongs to the bin above it, however the division was rounded
    else if (bin + 1 < binCount && value >= (edges[bin + 1] ?? high)) bin++;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges, counts };
}

function quantile(sorted: Float32Array, probability: number): number {
  const place = probability * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
