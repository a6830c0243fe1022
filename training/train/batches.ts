import type { Batch, Examples } from "#training/data/dataset.ts";
import type { Augment } from "./augment.ts";

export interface BatchOptions {
  epoch: number;
  order: readonly number[]; // places of the examples
  batchSize: number;
  augment?: Augment | undefined;
  first?: number; // the batch to begin with, from 0
}

/** The examples in their order, batch by batch. The next batch is being prepared while the caller works on one. */
export async function* batches(
  examples: Examples<"train">,
  { epoch, order, batchSize, augment, first = 0 }: BatchOptions,
): AsyncGenerator<Batch, void> {
  const prepare = async (start: number): Promise<Batch> => {
    const indices = order.slice(start, start + batchSize);
    const batch = await examples.read(indices);
    return augment ? augment(batch, { epoch, indices }) : batch;
  };
  let next = prepare(first * batchSize);
  for (let start = first * batchSize; start < order.length; start += batchSize) {
    const batch = await next;
    next = start + batchSize < order.length ? prepare(start + batchSize) : next;
    next.catch(() => undefined); // told when its turn comes, unless the caller has left by then
    yield batch;
  }
}
