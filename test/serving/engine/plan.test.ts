import { expect, test } from "vitest";
import { computeMs, planOfRows, planOfTexts } from "#serving/engine/plan.ts";

const plan = planOfRows([1, 2, 3, 4, 6, 8, 12, 16].map((size) => ({ size, ms: 10 * size })));

test("a batch takes as long as the next greater one that was measured, and what is more than a batch takes several", () => {
  expect([1, 5, 16, 99].map(plan.batchMs)).toEqual([10, 60, 160, 160]);
  expect([0, 5, 16, 20].map((rows) => computeMs(plan, rows))).toEqual([0, 60, 160, 200]);
});

test("a batch leaves few rows of its size empty: the others wait for the next", () => {
  const waiting = [1, 2, 5, 7, 9, 11, 13, 14, 15, 16, 40];
  const taken = waiting.map((count) => plan.choose(new Array(count).fill(1)).filter(Boolean).length);
  expect(taken).toEqual([1, 2, 4, 7, 8, 11, 12, 14, 15, 16, 16]);
});

const shapes = [
  { rows: 1, width: 32, texts: 4 },
  { rows: 1, width: 64, texts: 8 },
  { rows: 1, width: 128, texts: 16 },
  { rows: 2, width: 128, texts: 16 },
];
const ofTexts = planOfTexts(
  shapes,
  shapes.map(({ rows, width }) => ({ size: rows * width, ms: 1 })),
);

test.each([
  { waiting: [20], taken: [20] },
  { waiting: [120, 10, 100, 28, 8], taken: [120, 10, 100, 8] }, // 28 finds no room in two rows
  { waiting: [40, 128, 70], taken: [40, 128, 70] },
  { waiting: [20, 128], taken: [20, 128] },
  { waiting: [100, 60, 40], taken: [100, 60, 40] },
  { waiting: [60, 60, 9], taken: [60, 60] }, // two rows for 129 tokens would be half empty
  { waiting: new Array(40).fill(2), taken: new Array(32).fill(2) }, // a row has room for 16
])("of texts of $waiting tokens, $taken make a batch", ({ waiting, taken }) => {
  const isIn = ofTexts.choose(waiting);
  expect(waiting.filter((_, at) => isIn[at])).toEqual(taken);
});

test("the size of a text is how many tokens it has", () => {
  expect(ofTexts.sizeOf(Float32Array.of(3, 0, 4, -1, -1))).toBe(3);
  expect(ofTexts.most).toBe(256);
});
