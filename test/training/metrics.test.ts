import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runOracle } from "#test/parts/python.ts";
import { classificationMetrics } from "#training/metrics.ts";

const numbers = z.array(z.number());
const Oracle = z.object({
  accuracy: z.number(),
  log_loss: z.number(),
  macro_f1: z.number(),
  calibration_error: z.number(),
  precision: numbers,
  recall: numbers,
  f1: numbers,
  support: numbers,
  confusion: z.array(numbers),
});

interface Case {
  labels: number[];
  probabilities: number[][];
}

interface Shape {
  rows?: number;
  classes?: number;
  known?: number;
  lean?: number;
}

/** Rows whose label comes from the first `known` of `classes` classes, and whose probabilities lean on it by `lean`. */
function random(seed: number, { rows = 200, classes = 3, known = classes, lean = 1 }: Shape): Case {
  const generator = xoroshiro128plus(seed);
  const labels = Array.from({ length: rows }, () => uniformInt(generator, 0, known - 1));
  const probabilities = labels.map((label) => {
    const weights = Array.from({ length: classes }, (_, index) =>
      Math.exp(3 * uniformFloat64(generator) + (index === label ? lean : 0)),
    );
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / whole);
  });
  return { labels, probabilities };
}

const cases: [string, Case][] = [
  ["three classes", random(1, {})],
  ["two classes", random(2, { classes: 2 })],
  ["ten classes, few rows", random(3, { classes: 10, rows: 25 })],
  ["a model that is mostly wrong", random(4, { lean: -3 })],
  ["classes that are absent from the labels", random(5, { classes: 6, known: 3 })],
  [
    "a class that is neither present nor predicted",
    {
      labels: [0, 1, 1],
      probabilities: [
        [0.7, 0.2, 0.1],
        [0.6, 0.4, 0],
        [0.1, 0.8, 0.1],
      ],
    },
  ],
  [
    "a class that is present and never predicted",
    {
      labels: [0, 1, 2],
      probabilities: [
        [0.7, 0.2, 0.1],
        [0.1, 0.8, 0.1],
        [0.6, 0.1, 0.3],
      ],
    },
  ],
  ["one row", { labels: [1], probabilities: [[0.2, 0.8]] }],
  [
    "nothing right",
    {
      labels: [0, 1],
      probabilities: [
        [0.1, 0.9],
        [0.9, 0.1],
      ],
    },
  ],
  [
    "certain answers, right and wrong",
    {
      labels: [0, 1],
      probabilities: [
        [1, 0],
        [1, 0],
      ],
    },
  ],
  [
    "ties",
    {
      labels: [0, 1, 1, 2],
      probabilities: [
        [0.5, 0.5, 0],
        [0.5, 0.5, 0],
        [0, 0.5, 0.5],
        [0.25, 0.375, 0.375],
      ],
    },
  ],
  [
    "confidences on the edges of bins",
    {
      labels: [0, 1, 0, 1],
      probabilities: [
        [0.6, 0.4],
        [0.2, 0.8],
        [0.8, 0.2],
        [0.4, 0.6],
      ],
    },
  ],
];

describe("every metric is scikit-learn's for", () => {
  let oracles: z.infer<typeof Oracle>[] = [];
  beforeAll(async () => {
    oracles = z.array(Oracle).parse(
      await runOracle(
        "test/training/metrics.py",
        cases.map(([, input]) => input),
      ),
    );
  });

  test.each(cases.map(([name, input], index) => [name, input, index] as const))(
    "%s",
    (_, { labels, probabilities }, index) => {
      const oracle = oracles[index];
      const names = probabilities[0]?.map((_, column) => `class ${column}`) ?? [];
      const metrics = classificationMetrics(labels, probabilities.flat(), names);
      expect(metrics.accuracy).toBeCloseTo(oracle?.accuracy ?? Number.NaN, 12);
      expect(metrics.log_loss).toBeCloseTo(oracle?.log_loss ?? Number.NaN, 12);
      expect(metrics.macro_f1).toBeCloseTo(oracle?.macro_f1 ?? Number.NaN, 12);
      expect(metrics.calibration_error).toBeCloseTo(oracle?.calibration_error ?? Number.NaN, 12);
      expect(metrics.confusion).toEqual(oracle?.confusion);
      for (const [column, scores] of metrics.perClass.entries()) {
        expect(scores.name).toBe(`class ${column}`);
        expect(scores.precision).toBeCloseTo(oracle?.precision[column] ?? Number.NaN, 12);
        expect(scores.recall).toBeCloseTo(oracle?.recall[column] ?? Number.NaN, 12);
        expect(scores.f1).toBeCloseTo(oracle?.f1[column] ?? Number.NaN, 12);
        expect(scores.support).toBe(oracle?.support[column]);
      }
    },
  );
});

test("what can't be measured is refused", () => {
  const two = ["a", "b"];
  expect(() => classificationMetrics([], [], two)).toThrow("at least one example");
  expect(() => classificationMetrics([0], [1], two)).toThrow("1 probabilities do not fit 1 examples of 2 classes");
  expect(() => classificationMetrics([2], [0.5, 0.5], two)).toThrow("label 2 of example 0");
  expect(() => classificationMetrics([0], [Number.NaN, 0.5], two)).toThrow(
    "example 0 has a probability that is not a number",
  );
  expect(() => classificationMetrics([0], [1.5, -0.5], two)).toThrow("example 0 has a probability of 1.5");
});
