import type { Examples } from "./dataset.ts";
import type { Role } from "./roles.ts";

const rowsAtOnce = 256;
const rowsAtOnceOfSizes = 32; // a text takes a thousand times the memory of its tokens on its way through a transformer

/** Places in `indices`, batch by batch: where examples have a size, like ones together, so that batches are narrow. */
export function likeBatches(examples: Pick<Examples<Role>, "size">, indices: readonly number[]): number[][] {
  const places = [...indices.keys()];
  const { size } = examples;
  if (size) {
    const sizes = indices.map((index) => size(index));
    places.sort((a, b) => (sizes[a] ?? 0) - (sizes[b] ?? 0));
  }
  const rows = size ? rowsAtOnceOfSizes : rowsAtOnce;
  return Array.from({ length: Math.ceil(places.length / rows) }, (_, batch) =>
    places.slice(batch * rows, (batch + 1) * rows),
  );
}

/** The shape of a batch's tensor. Rows of numbers may be narrower than a model allows. */
export function batchShape(rows: number, inputs: ArrayLike<number>, inputShape: readonly number[]): number[] {
  return [rows, ...(inputShape.length === 1 ? [inputs.length / rows] : inputShape)];
}
