import { expect, test } from "vitest";
import type { Examples } from "#training/data/dataset.ts";
import { batches } from "#training/train/batches.ts";

/** Ten examples whose inputs are their places; `read` tells what is asked for. */
function examples(read: (indices: readonly number[]) => void = () => undefined): Examples<"train"> {
  return {
    role: "train",
    length: 10,
    inputShape: [1],
    id: String,
    label: () => 0,
    slices: () => [],
    async read(indices) {
      read(indices);
      return { inputs: Float32Array.from(indices), labels: new Int32Array(indices.length) };
    },
  };
}

const order = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

test("every example comes once, in its order; the last batch is what is left", async () => {
  const met: number[][] = [];
  for await (const { inputs } of batches(examples(), { epoch: 1, order, batchSize: 4 })) met.push([...inputs]);
  expect(met).toEqual([
    [9, 8, 7, 6],
    [5, 4, 3, 2],
    [1, 0],
  ]);
  const rest: number[][] = [];
  for await (const { inputs } of batches(examples(), { epoch: 1, order, batchSize: 4, first: 2 }))
    rest.push([...inputs]);
  expect(rest).toEqual([[1, 0]]);
});

test("the next batch is read while the caller works on one, and none beyond it", async () => {
  const asked: number[] = [];
  const ahead: number[] = [];
  for await (const { inputs } of batches(
    examples((indices) => asked.push(...indices)),
    { epoch: 1, order, batchSize: 4 },
  )) {
    ahead.push(asked.length - order.indexOf(inputs.at(-1) ?? -1) - 1);
  }
  expect(ahead).toEqual([4, 2, 0]);
});

test("batches are augmented with their epoch and places", async () => {
  const draws: unknown[] = [];
  const augment = (batch: { inputs: Float32Array; labels: Int32Array }, draw: unknown) => {
    draws.push(draw);
    return { ...batch, inputs: batch.inputs.map((value) => -value) };
  };
  const met: number[][] = [];
  for await (const { inputs } of batches(examples(), { epoch: 3, order: [2, 5, 1], batchSize: 2, augment }))
    met.push([...inputs]);
  expect(met).toEqual([[-2, -5], [-1]]);
  expect(draws).toEqual([
    { epoch: 3, indices: [2, 5] },
    { epoch: 3, indices: [1] },
  ]);
});

test("a batch that can't be read fails when its turn comes, and not before", async () => {
  const failing = examples((indices) => {
    if (indices.includes(5)) throw new Error("the disk is gone");
  });
  const met: number[][] = [];
  const reading = (async () => {
    for await (const { inputs } of batches(failing, { epoch: 1, order, batchSize: 4 })) met.push([...inputs]);
  })();
  await expect(reading).rejects.toThrow("the disk is gone");
  expect(met).toEqual([[9, 8, 7, 6]]);
});
