import { expect, test } from "vitest";
import { z } from "zod";
import { runOracle } from "#test/parts/python.ts";
import { histogram, inputStatistics } from "#training/package/statistics.ts";

const Theirs = z.array(
  z.object({
    mean: z.number(),
    std: z.number(),
    min: z.number(),
    max: z.number(),
    quantiles: z.array(z.number()),
    edges: z.array(z.number()),
    counts: z.array(z.int()),
  }),
);

const columns = {
  "a ramp whose values lie on the edges": Float32Array.from({ length: 101 }, (_, index) => index / 5),
  "a skewed column": Float32Array.from({ length: 997 }, (_, index) => Math.exp(Math.sin(index * 12.9898) * 3)),
  "one value": Float32Array.of(3.5),
  "one value many times": new Float32Array(30).fill(-2),
  "negative and large values": Float32Array.from({ length: 64 }, (_, index) => (index - 40) * 1e6),
  pixels: Float32Array.from({ length: 4096 }, (_, index) => ((index * 7919) % 256) / 255),
};

test("statistics of a column are NumPy's", async () => {
  const ours = Object.entries(columns).map(([name, values]) => inputStatistics(name, values));
  const cases = Object.values(columns).map((values, index) => ({
    values: [...values],
    probabilities: ours[index]?.quantiles.map(({ probability }) => probability),
  }));
  const theirs = Theirs.parse(await runOracle("test/training/package/numpy_oracle.py", cases));
  for (const [index, expected] of theirs.entries()) {
    const { name, count, mean, std, min, max, quantiles, histogram } =
      ours[index] ?? expect.fail("a column is missing");
    const scale = Math.max(1, Math.abs(expected.max), Math.abs(expected.min));
    const near = (value: number, wanted: number) => expect(Math.abs(value - wanted) / scale, name).toBeLessThan(1e-9);
    expect(count).toBe(cases[index]?.values.length);
    expect([min, max], name).toEqual([expected.min, expected.max]);
    near(mean, expected.mean);
    near(std, expected.std);
    for (const [place, { value }] of quantiles.entries()) near(value, expected.quantiles[place] ?? Number.NaN);
    for (const [place, edge] of histogram.edges.entries()) near(edge, expected.edges[place] ?? Number.NaN);
    expect(histogram.counts, name).toEqual(expected.counts);
  }
}, 120_000);

test("a histogram counts its last edge in the last bin, and nothing outside of its range", () => {
  const { edges, counts } = histogram(Float32Array.of(0, 0.5, 1, 1.5, -1), [0, 1], 2);
  expect(edges).toEqual([0, 0.5, 1]);
  expect(counts).toEqual([1, 2]);
});
