import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { expect, test } from "vitest";
import { runOracle } from "#test/parts/python.ts";
import { binOf, binsOf } from "#training/drift/bins.ts";
import { kolmogorovSmirnov, stabilityIndex } from "#training/drift/statistics.ts";
import { histogram } from "#training/package/statistics.ts";
import { createTextMeasure, fitEmbeddingSpace, meanEmbedding, textColumns } from "#training/text/embedding-space.ts";
import { noToken } from "#training/text/tokenizer.ts";

const random = xoroshiro128plus(5);
const draw = () => uniformFloat64(random);
const [vocabulary, width] = [60, 24];
// embeddings that differ less along each further direction, as those of an encoder do
const values = Float32Array.from({ length: vocabulary * width }, (_, at) => (draw() - 0.5) * 0.6 ** (at % width));
const table = { values, width };

/** Texts of some words of the vocabulary's first or last half. */
function texts(count: number, from: number): number[][] {
  const word = () => from + Math.floor((draw() * vocabulary) / 2);
  return Array.from({ length: count }, () => Array.from({ length: 3 + Math.floor(draw() * 9) }, word));
}

/** Filled up, as a model takes it. */
const row = (ids: readonly number[]) => Float32Array.from({ length: 16 }, (_, at) => ids[at] ?? noToken);
const spaceOf = (rows: readonly number[][]) => fitEmbeddingSpace(rows.map((ids) => meanEmbedding(row(ids), table)));

test("distance and components are NumPy's and SciPy's", async () => {
  const [rows, more] = [texts(400, 0), [...texts(10, 0), ...texts(10, 30)]];
  const space = spaceOf(rows);
  const measure = createTextMeasure(space, table);
  expect(textColumns(space)).toEqual([
    "tokens",
    "embedding_distance",
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((axis) => `embedding_${axis}`),
  ]);
  const rowsOfTable = Array.from({ length: vocabulary }, (_, id) => [...values.subarray(id * width, (id + 1) * width)]);
  const oracle = (await runOracle("test/training/text/embedding_space_oracle.py", {
    ...{ table: rowsOfTable, rows, more, axes: 8 },
  })) as { components: number[][]; distances: number[] };
  for (const [at, ids] of more.entries()) {
    const [tokens, distance, ...components] = measure(row(ids));
    expect(tokens).toBe(ids.length);
    expect(distance).toBeCloseTo(oracle.distances[at] ?? Number.NaN, 3);
    for (const [axis, component] of components.entries()) // either end of an axis may be its beginning
      expect(Math.abs(component), `text ${at}, axis ${axis}`).toBeCloseTo(
        oracle.components[at]?.[axis] ?? Number.NaN,
        3,
      );
  }
});

test("texts of other words are further away, as many words as before, and texts of the same are not", () => {
  const measure = createTextMeasure(spaceOf(texts(400, 0)), table);
  const distances = (rows: readonly number[][]) => Float32Array.from(rows, (ids) => measure(row(ids))[1] ?? Number.NaN);
  const reference = distances(texts(1000, 0));
  const bins = binsOf(histogram(reference, [0, Math.max(...reference)], 20));
  const compare = (window: Float32Array) => {
    const counts = bins.expected.map((_, bin) => [...window].filter((value) => binOf(bins, value) === bin).length);
    const expected = bins.expected.map((share) => share * reference.length);
    return { psi: stabilityIndex(bins.expected, counts), p: kolmogorovSmirnov(expected, counts).p };
  };
  const [same, other] = [compare(distances(texts(500, 0))), compare(distances(texts(500, 30)))];
  expect(same.psi).toBeLessThan(0.1);
  expect(same.p).toBeGreaterThan(0.01);
  expect(other.psi).toBeGreaterThan(0.25);
  expect(other.p).toBeLessThan(1e-6);
});

test("texts that are all the same have no axes, and a text without words is no error", () => {
  const space = spaceOf([
    [1, 2],
    [1, 2],
    [2, 1],
  ]);
  expect(space).toEqual({ axes: [], offset: [] });
  expect([...createTextMeasure(space, table)(row([7]))]).toEqual([1, 0]);
  expect([...createTextMeasure(spaceOf(texts(50, 0)), table)(row([]))].every(Number.isFinite)).toBe(true);
});
