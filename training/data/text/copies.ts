/** Values that occur more than once, and how often. Needs memory for a sorted copy and for the repeated values alone. */
export function repeated(values: BigUint64Array): Map<bigint, number> {
  const sorted = values.toSorted();
  const counts = new Map<bigint, number>();
  for (let start = 0; start < sorted.length; ) {
    const value = sorted[start] ?? 0n;
    let end = start + 1;
    while (sorted[end] === value) end++;
    if (end - start > 1) counts.set(value, end - start);
    start = end;
  }
  return counts;
}

/** How many of the repeated values come on top of the first of each. */
export function surplus(counts: ReadonlyMap<bigint, number>): number {
  return total(counts) - counts.size;
}

/** How many values are repeated, the first of each included. */
export function total(counts: ReadonlyMap<bigint, number>): number {
  return counts.values().reduce((sum, count) => sum + count, 0);
}
