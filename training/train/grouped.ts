import type { Examples } from "#training/data/dataset.ts";

const batchesAtOnce = 50;

/**
 * The same examples in an order whose batches hold examples of like size, so that little of a batch is filling: fifty batches
 * at a time are sorted by size, cut, and the batches put back where chance had them. Others stay as they are.
 */
export function grouped(
  order: readonly number[],
  { size }: Pick<Examples<"train">, "size">,
  batchSize: number,
): readonly number[] {
  if (!size) return order;
  const whole = order.length - (order.length % batchSize);
  const window = batchesAtOnce * batchSize;
  const batches: { rank: number; indices: number[] }[] = [];
  for (let start = 0; start < whole; start += window) {
    const ranked = order
      .slice(start, Math.min(start + window, whole))
      .map((index, rank) => ({ index, rank: start + rank }));
    ranked.sort((a, b) => size(a.index) - size(b.index) || a.rank - b.rank);
    for (let first = 0; first < ranked.length; first += batchSize) {
      const members = ranked.slice(first, first + batchSize);
      batches.push({ rank: members[0]?.rank ?? 0, indices: members.map(({ index }) => index) });
    }
  }
  batches.sort((a, b) => a.rank - b.rank);
  return [...batches.flatMap(({ indices }) => indices), ...order.slice(whole)];
}
