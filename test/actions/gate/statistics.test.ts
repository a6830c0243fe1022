import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { binomialPmf, binomialUpperTail } from "#actions/gate/binomial.ts";
import { bcaInterval, type PairedDifference, resample } from "#actions/gate/bootstrap.ts";
import { mcnemar } from "#actions/gate/mcnemar.ts";
import { normalCdf, normalQuantile } from "#actions/gate/normal.ts";
import { macroF1Difference, meanDifference } from "#actions/gate/paired-differences.ts";
import { power, smallestVisibleDrop } from "#actions/gate/smallest-visible-drop.ts";
import { type Discordance, tangoInterval, tangoScore } from "#actions/gate/tango.ts";
import { runOracle } from "#test/parts/python.ts";
import { holm } from "#training/holm.ts";

const random = xoroshiro128plus(7);
const uniform = () => uniformFloat64(random);
const pick = (values: number) => uniformInt(random, 0, values - 1);

const cdf = [-37, -12, -5, -3.0001, -3, -2.9999, -1.96, -0.5, -1e-9, 0, 0.3, 1, 2, 3, 4.5, 8];
const quantile = [
  1e-300,
  1e-20,
  1e-10,
  1e-4,
  0.01,
  0.025,
  0.05,
  0.074999,
  0.2,
  0.5,
  0.6,
  0.925,
  0.975,
  0.999,
  1 - 1e-12,
];
const binomial: [number, number, number][] = [
  [0, 1, 0.5], [1, 1, 0.5], [0, 30, 0.01], [30, 30, 0.99], [3, 10, 0.3], [15, 16, 0.5], [8, 16, 0.5], [60, 100, 0.5],
  [100, 1000, 0.1], [140, 1000, 0.1], [60, 1000, 0.1], [5200, 10_000, 0.5], [50_400, 100_000, 0.5], [3, 100_000, 1e-5],
]; // biome-ignore format: a table
const tables: [number, number, number][] = [
  [1, 0, 0], [1, 1, 0], [1, 0, 1], [10, 0, 0], [10, 10, 0], [10, 0, 10], [10, 3, 2], [30, 0, 1], [30, 5, 0], [44, 0, 1],
  [50, 12, 2], [161, 6, 16], [450, 9, 20], [1000, 0, 0], [1000, 49, 51], [10_000, 300, 410], [100_000, 4000, 4100],
]; // biome-ignore format: a table
const confidences = [0.8, 0.9, 0.95, 0.99];
const tango = tables.flatMap((table) => confidences.map((confidence) => [...table, confidence] as const));
const newcombe = [[50, 12, 2, 36, 0.95], [161, 6, 16, 59, 0.95], [450, 9, 20, 400, 0.95], [1000, 49, 51, 850, 0.95], [10_000, 300, 410, 8800, 0.9]] as const; // biome-ignore format: a table
const score = [[44, 0, 1, -0.1], [161, 6, 16, -0.02], [450, 9, 20, -0.02], [1000, 49, 51, -0.1], [30, 5, 0, 0.3]] as const; // biome-ignore format: a table
const changes = [[0, 0], [1, 0], [0, 5], [3, 3], [6, 16], [16, 6], [49, 51], [400, 520], [4000, 4100], [0, 60]] as const; // biome-ignore format: a table
const pLists = [
  [0.04],
  [0.01, 0.04, 0.03],
  [0.5, 0.5, 0.5],
  [1, 1e-5, 0.02, 0.02, 0.9],
  Array.from({ length: 40 }, uniform),
];
const powers = [[30, 0, 0.2, 0.95], [30, 0.1, 0.15, 0.95], [120, 0.05, 0.04, 0.9], [200, 0.2, 0.08, 0.95], [5, 0.5, 1, 0.95]] as const; // biome-ignore format: a table

const labels = Int32Array.from({ length: 90 }, () => pick(3));
const mostly = (share: number) => labels.map((label) => (uniform() < share ? label : pick(3)));
const answers = {
  classes: 3,
  labels,
  candidate: mostly(0.75),
  champion: mostly(0.9),
  lossDifference: new Float64Array(),
};
const skewed = Float64Array.from({ length: 60 }, () => Math.log(uniform()) + 0.6);
const cases: { difference: PairedDifference; statistic: string; columns: number[][] }[] = [
  { difference: meanDifference(skewed), statistic: "mean", columns: [[...skewed]] },
  {
    difference: macroF1Difference(answers),
    statistic: "macro_f1",
    columns: [answers.labels, answers.candidate, answers.champion].map((column) => [...column]),
  },
];
const bca = cases.flatMap((one) =>
  [0.9, 0.95].map((confidence) => ({
    ...one,
    confidence,
    own: confidence === 0.95,
    distribution: resample(one.difference),
  })),
);

const numbers = z.array(z.number());
const intervals = z.array(z.tuple([z.number(), z.number()]));
const Oracle = z.strictObject({
  cdf: numbers,
  quantile: numbers,
  pmf: numbers,
  tail: numbers,
  mcnemar: numbers,
  binomtest: numbers,
  holm: z.array(numbers),
  tango: intervals,
  score: numbers,
  newcombe: intervals,
  power: numbers,
  bca: z.array(z.strictObject({ observed: z.number(), interval: intervals.element, own: intervals.element })),
});
let oracle: z.infer<typeof Oracle>;

beforeAll(async () => {
  const request = {
    cdf, quantile, binomial, tango, score, newcombe, mcnemar: changes, holm: pLists, power: powers,
    bca: bca.map(({ difference: _, distribution, ...rest }) => ({ ...rest, distribution: [...distribution] })),
  }; // biome-ignore format: names alone
  oracle = Oracle.parse(await runOracle("test/actions/gate/statistics.oracle.py", request));
}, 60_000);

function expectNear(ours: readonly number[], theirs: readonly number[], relative: number): void {
  expect(ours.length).toBe(theirs.length);
  for (const [index, value] of ours.entries()) {
    const expected = theirs[index] ?? Number.NaN;
    expect(Math.abs(value - expected), `${index}: ${value} against ${expected}`).toBeLessThanOrEqual(
      relative * Math.abs(expected),
    );
  }
}

const table = ([rows, gained, lost]: readonly number[]): Discordance => ({
  rows: rows ?? 0,
  gained: gained ?? 0,
  lost: lost ?? 0,
});

test("the normal distribution is SciPy's to 1e-12, tails included", () => {
  expectNear(cdf.map(normalCdf), oracle.cdf, 1e-12);
  expectNear(quantile.map(normalQuantile), oracle.quantile, 1e-12);
  expect([normalQuantile(0), normalQuantile(1), normalQuantile(1.5), normalCdf(Number.NaN)]).toEqual([
    -Infinity,
    Infinity,
    Number.NaN,
    Number.NaN,
  ]);
});

test("binomial probabilities and tails are SciPy's to 1e-11", () => {
  expectNear(
    binomial.map((one) => binomialPmf(...one)),
    oracle.pmf,
    1e-11,
  );
  expectNear(
    binomial.map((one) => binomialUpperTail(...one)),
    oracle.tail,
    1e-11,
  );
});

test("McNemar's exact p is that of statsmodels and of SciPy's binomial test", () => {
  const ours = changes.map(([gained, lost]) => mcnemar({ rows: 10_000, gained, lost }));
  expectNear(ours, oracle.mcnemar, 1e-11);
  expectNear(ours, oracle.binomtest, 1e-11);
});

test("Holm's adjustment is that of statsmodels", () => {
  for (const [index, pValues] of pLists.entries()) expectNear(holm(pValues), oracle.holm[index] ?? [], 1e-14);
  expect(holm([])).toEqual([]);
});

test("Tango's interval solves the score equation as brentq does, with and without discordance", () => {
  for (const [index, [rows, gained, lost, confidence]] of tango.entries()) {
    const { lower, upper } = tangoInterval({ rows, gained, lost }, confidence);
    const [expectedLower, expectedUpper] = oracle.tango[index] ?? [];
    expect(lower, `${tango[index]} lower`).toBeCloseTo(expectedLower ?? Number.NaN, 8);
    expect(upper, `${tango[index]} upper`).toBeCloseTo(expectedUpper ?? Number.NaN, 8);
  }
  expectNear(
    score.map(([rows, gained, lost, at]) => tangoScore({ rows, gained, lost }, at)),
    oracle.score,
    1e-7,
  );
});

test("published examples come out as printed", () => {
  // Tango 1998, section 6.1, soft contact lenses: n = 44, one loss; margin 0.1.
  const lenses = { rows: 44, gained: 0, lost: 1 };
  expect(tangoScore(lenses, -0.1)).toBeCloseTo(1.709, 3);
  expect(1 - normalCdf(tangoScore(lenses, -0.1))).toBeCloseTo(0.044, 3);
  expect(tangoInterval(lenses, 0.9).lower).toBeCloseTo(-0.096, 3);
  // Cavo et al. 2012 in Fagerland, Lydersen & Laake, "Statistical Analysis of Contingency Tables", chapter 8.
  const response = { rows: 161, gained: 6, lost: 16 };
  expect(tangoInterval(response, 0.95).lower).toBeCloseTo(-0.124, 4);
  expect(tangoInterval(response, 0.95).upper).toBeCloseTo(-0.0054, 4);
  expect(mcnemar(response)).toBeCloseTo(0.052479, 6);
});

test("Tango's bounds lie near Newcombe's method 10, which is built in another way", () => {
  for (const [index, [rows, gained, lost, , confidence]] of newcombe.entries()) {
    const { lower, upper } = tangoInterval({ rows, gained, lost }, confidence);
    const [newcombeLower = Number.NaN, newcombeUpper = Number.NaN] = oracle.newcombe[index] ?? [];
    expect(Math.abs(lower - newcombeLower)).toBeLessThan(0.06 * (upper - lower));
    expect(Math.abs(upper - newcombeUpper)).toBeLessThan(0.06 * (upper - lower));
  }
});

test("swapping candidate and champion mirrors the interval, and a win never lowers it", () => {
  for (const row of tables) {
    const pairs = table(row);
    const { lower, upper } = tangoInterval(pairs, 0.95);
    const mirrored = tangoInterval({ ...pairs, gained: pairs.lost, lost: pairs.gained }, 0.95);
    expect([mirrored.lower, mirrored.upper]).toEqual([0 - upper, 0 - lower]);
    expect(lower).toBeLessThanOrEqual((pairs.gained - pairs.lost) / pairs.rows);
    expect(upper).toBeGreaterThanOrEqual((pairs.gained - pairs.lost) / pairs.rows);
    expect(Math.max(Math.abs(lower), Math.abs(upper))).toBeLessThanOrEqual(1);
    if (pairs.gained + pairs.lost < pairs.rows) {
      const better = tangoInterval({ ...pairs, gained: pairs.gained + 1 }, 0.95);
      expect(better.lower).toBeGreaterThanOrEqual(lower - 1e-12);
      expect(better.upper).toBeGreaterThanOrEqual(upper - 1e-12);
    }
  }
});

test("without a discordant example the bound is z^2 / (n + z^2)", () => {
  const square = normalQuantile(0.975) ** 2;
  for (const rows of [1, 30, 10_000]) {
    const { lower, upper } = tangoInterval({ rows, gained: 0, lost: 0 }, 0.95);
    expect(upper).toBeCloseTo(square / (rows + square), 12);
    expect(lower).toBeCloseTo(-square / (rows + square), 12);
  }
});

/** A table of `rows` examples of which each is gained or lost with these chances. */
function draw(rows: number, gained: number, lost: number): Discordance {
  const pairs = { rows, gained: 0, lost: 0 };
  for (let row = 0; row < rows; row++) {
    const chance = uniform();
    if (chance < gained) pairs.gained++;
    else if (chance < gained + lost) pairs.lost++;
  }
  return pairs;
}

test.each([
  [100, 0.05, 0.05],
  [100, 0.02, 0.08],
  [300, 0.03, 0.05],
  [400, 0.15, 0.1],
])(
  "95 % intervals of %d examples, %d gained and %d lost, hold the true difference 95 times in 100",
  (rows, gained, lost) => {
    let held = 0;
    for (let round = 0; round < 2000; round++) {
      const { lower, upper } = tangoInterval(draw(rows, gained, lost), 0.95);
      if (lower <= gained - lost && gained - lost <= upper) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.935);
    expect(held / 2000).toBeLessThan(0.975);
  },
);

test("a candidate that is worse by exactly the margin passes no more than 25 times in 1,000, and fails no more", () => {
  const bounds = Array.from({ length: 3000 }, () => tangoInterval(draw(500, 0.04, 0.06), 0.95));
  expect(bounds.filter(({ lower }) => lower > -0.02).length / 3000).toBeLessThan(0.035);
  expect(bounds.filter(({ upper }) => upper < -0.02).length / 3000).toBeLessThan(0.035);
});

test("of twenty slices that dropped by exactly what is allowed, one fails at most 5 times in 100", () => {
  let alarms = 0;
  for (let round = 0; round < 1000; round++) {
    const pValues = Array.from({ length: 20 }, () => normalCdf(tangoScore(draw(60, 0.02, 0.12), -0.1)));
    if (holm(pValues).some((pValue) => pValue <= 0.05)) alarms++;
  }
  expect(alarms / 1000).toBeLessThan(0.065);
});

test("the power behind the smallest visible drop is the exact sum over every table", () => {
  expectNear(
    powers.map(([rows, changed, drop, confidence]) => power(rows, changed, { drop, confidence })),
    oracle.power,
    1e-9,
  );
});

test.each([
  { rows: 30, gained: 0, lost: 0 },
  { rows: 450, gained: 9, lost: 20 },
  { rows: 2000, gained: 60, lost: 50 },
])("the smallest visible drop of $rows examples is found 8 times in 10 by simulation", (pairs) => {
  const drop = smallestVisibleDrop(pairs, 0.95) ?? Number.NaN;
  const share = Math.max((pairs.gained + pairs.lost) / pairs.rows, drop);
  let found = 0;
  for (let round = 0; round < 2000; round++) {
    if (tangoInterval(draw(pairs.rows, (share - drop) / 2, (share + drop) / 2), 0.95).upper < 0) found++;
  }
  expect(Math.abs(found / 2000 - 0.8)).toBeLessThan(0.03);
});

test("more examples see smaller drops, and three see none", () => {
  const drops = [10, 100, 1000, 10_000].map((rows) => smallestVisibleDrop({ rows, gained: 0, lost: 0 }, 0.95) ?? 1);
  expect(drops).toEqual([...drops].sort((a, b) => b - a));
  expect(smallestVisibleDrop({ rows: 3, gained: 0, lost: 0 }, 0.95)).toBeUndefined();
});

test("the BCa interval is SciPy's on the same resamples, and near it on its own", () => {
  for (const [index, { difference, distribution, confidence }] of bca.entries()) {
    const theirs = oracle.bca[index];
    const { lower, upper } = bcaInterval(difference, distribution, confidence);
    expect(difference.observed).toBeCloseTo(theirs?.observed ?? Number.NaN, 12);
    expectNear([lower, upper], theirs?.interval ?? [], 1e-9);
    for (const [side, bound] of [lower, upper].entries()) {
      expect(Math.abs(bound - (theirs?.own[side] ?? Number.NaN))).toBeLessThan(0.06 * (upper - lower));
    }
  }
});

test("the same seed resamples the same, another seed otherwise", () => {
  const difference = meanDifference(skewed);
  expect(resample(difference, { resamples: 50 })).toEqual(resample(difference, { resamples: 50 }));
  expect(resample(difference, { resamples: 50 })).not.toEqual(resample(difference, { resamples: 50, seed: 1 }));
});

test("a bootstrap whose every resample is the same gives that value", () => {
  const difference = meanDifference(new Float64Array(25).fill(0.5));
  expect(bcaInterval(difference, resample(difference, { resamples: 100 }), 0.95)).toEqual({ lower: 0.5, upper: 0.5 });
});

test("bootstrap intervals of a skewed mean hold the true difference about 95 times in 100", () => {
  let held = 0;
  for (let round = 0; round < 300; round++) {
    const difference = meanDifference(Float64Array.from({ length: 80 }, () => Math.log(uniform()) + 1));
    const { lower, upper } = bcaInterval(difference, resample(difference, { resamples: 500, seed: round }), 0.95);
    if (lower <= 0 && 0 <= upper) held++;
  }
  expect(held / 300).toBeGreaterThan(0.9);
  expect(held / 300).toBeLessThan(0.985);
});
