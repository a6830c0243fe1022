import { expect, test } from "vitest";
import { grouped } from "#training/train/grouped.ts";
import { createShuffle } from "#training/train/shuffle.ts";

const sizes = Array.from({ length: 1003 }, (_, index) => (index * 37) % 200);
const size = (index: number) => sizes[index] ?? 0;
const order = createShuffle(sizes.length, 3)();

test("batches hold examples of like size, and every example once", () => {
  const batches = grouped(order, { size }, 8);
  expect(batches.toSorted((a, b) => a - b)).toEqual([...sizes.keys()]);
  const spreads = Array.from({ length: 125 }, (_, batch) => {
    const own = batches.slice(8 * batch, 8 * batch + 8).map(size);
    return Math.max(...own) - Math.min(...own);
  });
  expect(spreads.reduce((sum, spread) => sum + spread, 0) / 125).toBeLessThan(12); // by chance it were 155
});

test("short and long batches come in no order, and the odd batch last", () => {
  const batches = grouped(order, { size }, 8);
  const firsts = Array.from({ length: 125 }, (_, batch) => size(batches[8 * batch] ?? -1));
  const rises = firsts.filter((first, batch) => first > (firsts[batch - 1] ?? 0)).length;
  expect(rises).toBeGreaterThan(40);
  expect(rises).toBeLessThan(85);
  expect(batches.slice(1000)).toEqual(order.slice(1000));
  expect(grouped(order, { size }, 8)).toEqual(batches);
});

test("examples without a size stay as they are", () => {
  expect(grouped(order, {}, 8)).toBe(order);
});
