import "@tensorflow/tfjs-backend-cpu";
import { expect, test } from "vitest";
import { echo, examplesOf } from "#test/training/evaluate/fixtures.ts";
import type { Dataset, Examples } from "#training/data/dataset.ts";
import { measureReference } from "#training/package/measure-reference.ts";
import { Reference } from "#training/package/reference.ts";

type Data = Pick<Dataset, "classes" | "features" | "train" | "validation">;

function dataOf(train: Examples<"test">, validation: Examples<"test">, columns?: string[]): Data {
  return {
    classes: ["a", "b"],
    ...(columns && { features: columns.map((name) => ({ name })) }),
    train: { ...train, role: "train" },
    validation: { ...validation, role: "validation" },
  };
}

test("inputs come from train, answers from validation", async () => {
  const train = examplesOf(
    [
      [1, 10],
      [2, 20],
      [3, 60],
    ],
    [0, 1, 1],
  );
  const validation = examplesOf(
    [
      [0, 0],
      [5, 0],
      [0, 100],
      [0, 3],
    ],
    [0, 0, 1, 1],
  );
  const reference = await measureReference(echo(["a", "b"]).model, dataOf(train, validation, ["length", "width"]));
  expect(Reference.parse(reference)).toEqual(reference);
  expect(reference).toMatchObject({
    rows: { train: 3, validation: 4 },
    inputs: [
      { name: "length", count: 3, mean: 2, min: 1, max: 3 },
      { name: "width", count: 3, mean: 30, min: 10, max: 60 },
    ],
    labels: [1, 2],
    predictions: [2, 2],
  });
  const { edges, counts } = reference.confidence;
  expect([edges[0], edges[10], edges[20]]).toEqual([0, 0.5, 1]);
  expect([counts[10], counts[19], counts.reduce((sum, count) => sum + count, 0)]).toEqual([1, 3, 4]);
});

test("of an image each channel is measured over all pixels", async () => {
  const pixels = (row: number) => Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? row : 10 * row));
  const image: Examples<"test"> = { ...examplesOf([1, 2, 3].map(pixels), [0, 1, 1]), inputShape: [2, 2, 2] };
  const validation = examplesOf([[0, 1]], [1]);
  const { inputs } = await measureReference(echo(["a", "b"]).model, dataOf(image, validation));
  expect(inputs).toMatchObject([
    { name: "channel_0", count: 12, mean: 2, min: 1, max: 3 },
    { name: "channel_1", count: 12, mean: 20, min: 10, max: 30 },
  ]);
});

test("more examples than fit into memory are passed over evenly", async () => {
  const asked: number[] = [];
  const many: Examples<"test"> = {
    ...examplesOf([[0, 0]], [0]),
    length: 10,
    inputShape: [1000, 1000, 1],
    label: () => 1,
    async read(indices) {
      asked.push(...indices);
      const inputs = new Float32Array(indices.length * 1_000_000);
      for (const [row, index] of indices.entries()) inputs.fill(index, row * 1_000_000, (row + 1) * 1_000_000);
      return { inputs, labels: new Int32Array(indices.length) };
    },
  };
  const reference = await measureReference(echo(["a", "b"]).model, dataOf(many, examplesOf([[0, 1]], [1])));
  expect(asked).toEqual([0, 2, 5, 7]);
  expect(reference).toMatchObject({ rows: { train: 4 }, labels: [0, 10], inputs: [{ count: 4_000_000, mean: 3.5 }] });
});
