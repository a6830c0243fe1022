import { describe, expect, test } from "vitest";
import { runOracle } from "#test/parts/python.ts";
import { binOf, binsOf } from "#training/drift/bins.ts";
import { chiSquare, kolmogorovSmirnov, stabilityIndex, upperGamma } from "#training/drift/statistics.ts";

const pairs: [number[], number[]][] = [
  [
    [10, 20, 30],
    [12, 18, 30],
  ],
  [
    [100, 50, 10, 5],
    [20, 50, 80, 90],
  ],
  [
    [30, 0, 30, 40],
    [300, 0, 310, 390],
  ],
  [
    [5, 5],
    [500, 480],
  ],
  [
    [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000],
    [1020, 980, 1010, 990, 1000, 1000, 1040, 960, 1001, 999],
  ],
  [
    [7, 0],
    [9, 0],
  ],
];

test("chi-square and Kolmogorov-Smirnov give SciPy's statistics and chances", async () => {
  const answers = (await runOracle("test/training/drift/statistics_oracle.py", pairs)) as Record<
    "chiSquare" | "kolmogorovSmirnov",
    { statistic: number; p: number }
  >[];
  expect(answers).toHaveLength(pairs.length);
  for (const [at, [one, other]] of pairs.entries()) {
    const expected = answers[at];
    for (const [name, actual] of Object.entries({
      chiSquare: chiSquare(one, other),
      kolmogorovSmirnov: kolmogorovSmirnov(one, other),
    })) {
      const wanted = expected?.[name as "chiSquare" | "kolmogorovSmirnov"];
      expect(actual.statistic, name).toBeCloseTo(wanted?.statistic ?? Number.NaN, 8);
      expect(actual.p, `${name} of pair ${at}`).toBeCloseTo(wanted?.p ?? Number.NaN, 8);
    }
  }
});

test("the incomplete gamma function is 1 at 0, an exponential for a = 1, and falls", () => {
  expect(upperGamma(3, 0)).toBe(1);
  for (const x of [0.1, 1, 2, 5, 50]) expect(upperGamma(1, x)).toBeCloseTo(Math.exp(-x), 12);
  expect(upperGamma(5, 12)).toBeLessThan(upperGamma(5, 11));
});

describe("the stability index", () => {
  test("is 0 for the same shares, by hand for others, and finite with empty bins", () => {
    expect(stabilityIndex([0.2, 0.8], [20, 80])).toBeCloseTo(0, 12);
    expect(stabilityIndex([0.5, 0.5], [80, 20])).toBeCloseTo(0.3 * Math.log(1.6) - 0.3 * Math.log(0.4), 12);
    expect(stabilityIndex([1, 0], [0, 10])).toBeGreaterThan(10);
  });
});

describe("bins", () => {
  test("have a tenth of the reference each, keep all of it, and the outer ones reach to infinity", () => {
    const counts = [1, 0, 0, 30, 2, 40, 1, 1, 25, 0];
    const bins = binsOf({ edges: counts.map((_, edge) => edge).concat(10), counts });
    expect(bins.expected.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    for (const share of bins.expected) expect(share).toBeGreaterThanOrEqual(0.1);
    expect(bins.edges).toEqual([4, 6]);
    expect([-100, 3.9, 4, 5.9, 6, 1e9].map((value) => binOf(bins, value))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test("one bin is enough where all values are the same", () => {
    expect(binsOf({ edges: [0, 1, 2], counts: [9, 0] })).toEqual({ edges: [], expected: [1] });
  });
});
