import { expect, test } from "vitest";
import { bucketsOf, computeMs } from "#serving/engine/buckets.ts";

const timing = (width: number, rows: number) => ({ width, rows, ms: width * rows });
const sizes = [1, 2, 3, 4, 6, 8, 12, 16];
const [narrow, wide] = bucketsOf([...sizes.map((rows) => timing(10, rows)), timing(20, 1), timing(20, 2)]);
if (!narrow || !wide) throw new Error("two buckets were expected");

test("each width has its own sizes and times, and what is more than a batch takes several", () => {
  expect([narrow.width, narrow.maxRows, wide.width, wide.maxRows]).toEqual([10, 16, 20, 2]);
  expect([1, 5, 16, 99].map(narrow.batchMs)).toEqual([10, 60, 160, 160]);
  expect([0, 5, 16, 20].map((rows) => computeMs(narrow, rows))).toEqual([0, 60, 160, 200]);
  expect(computeMs(wide, 5)).toBe(100);
});

test("a batch leaves few rows of its size empty: the others wait for the next", () => {
  const waiting = [1, 2, 5, 7, 9, 11, 13, 14, 15, 16, 40];
  expect(waiting.map(narrow.batchOf)).toEqual([1, 2, 4, 7, 8, 11, 12, 14, 15, 16, 16]);
});
