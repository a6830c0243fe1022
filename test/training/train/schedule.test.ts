import { expect, test } from "vitest";
import { Training } from "#config/schema.ts";
import { learningRateAt } from "#training/train/schedule.ts";

const stepsPerEpoch = 10;
const rates = (knobs: object) => {
  const training = Training.parse({ epochs: 10, learningRate: 0.5, ...knobs });
  return Array.from({ length: 10 * stepsPerEpoch }, (_, steps) => learningRateAt(steps, stepsPerEpoch, training));
};

test("a constant learning rate is the same in every step", () => {
  expect(new Set(rates({}))).toEqual(new Set([0.5]));
});

test("the warm-up rises evenly from the first step to the full rate", () => {
  const rising = rates({ warmupEpochs: 2 });
  for (const [step, rate] of rising.entries()) expect(rate).toBeCloseTo(Math.min(0.5, (0.5 * (step + 1)) / 20), 12);
});

test("the cosine falls from the full rate to nearly zero, and is at its half in the middle", () => {
  const falling = rates({ schedule: "cosine" });
  expect(falling[0]).toBe(0.5);
  expect(falling[50]).toBeCloseTo(0.25, 12);
  expect(falling.at(-1)).toBeLessThan(0.5 * 0.0003);
  expect(falling).toEqual(falling.toSorted((a, b) => b - a));
});

test("the line falls by the same in every step", () => {
  const falling = rates({ schedule: "linear", warmupEpochs: 1 });
  for (let step = 10; step < 100; step++) expect(falling[step]).toBeCloseTo(0.5 * (1 - (step - 10) / 90), 12);
});

test("after a warm-up the cosine takes the epochs that are left", () => {
  const both = rates({ schedule: "cosine", warmupEpochs: 2.5 });
  expect(both.indexOf(Math.max(...both))).toBe(24);
  expect(both[25 + Math.floor(75 / 2)]).toBeCloseTo(0.25, 1);
  expect(both.at(-1)).toBeLessThan(0.001);
  expect(Math.min(...rates({ schedule: "cosine", warmupEpochs: 20 }))).toBeGreaterThan(0); // a warm-up to the end
});
