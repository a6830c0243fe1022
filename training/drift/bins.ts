import type { Histogram } from "#training/package/reference.ts";

/** Intervals that values are counted in to be compared with a reference: below the first edge, between edges, from the last one on. */
export interface Bins {
  readonly edges: readonly number[]; // inner ones: values from `edges[i - 1]` to below `edges[i]` are in bin i
  readonly expected: readonly number[]; // share of the reference in each, one more than there are edges
}

const smallestShare = 0.1; // the usual tenths: with fewer values in a bin, chance alone looks like drift

/**
 * The reference's bins, neighbours joined until each has a tenth of it. The outer two reach to infinity, so that values
 * the reference never saw count as its least or greatest.
 */
export function binsOf({ edges, counts }: Histogram): Bins {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const inner: number[] = [];
  const expected: number[] = [];
  let share = 0;
  for (const [bin, count] of counts.entries()) {
    share += count / total;
    const upper = edges[bin + 1];
    if (share < smallestShare || bin === counts.length - 1 || upper === undefined) continue;
    inner.push(upper);
    expected.push(share);
    share = 0;
  }
  if (share < smallestShare && expected.length > 0) {
    inner.pop(); // too little is left for a bin of its own
    share += expected.pop() ?? 0;
  }
  return { edges: inner, expected: [...expected, share] };
}

/** The bin a value is in. */
export function binOf({ edges }: Bins, value: number): number {
  let bin = 0;
  while (bin < edges.length && value >= (edges[bin] ?? Infinity)) bin += 1; // ten at most: faster than halving
  return bin;
}
