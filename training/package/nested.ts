import type { NestedNumbers } from "./package.ts";

/** Float32 values as nested arrays: rows of `shape`. Each number is the shortest decimal that is the same float32. */
export function nest(values: Float32Array, shape: readonly number[]): NestedNumbers[] {
  if (shape.length === 0) return Array.from(values, shortest);
  const size = shape.reduce((product, length) => product * length, 1);
  const rows: NestedNumbers[] = [];
  for (let start = 0; start < values.length; start += size) {
    rows.push(nest(values.subarray(start, start + size), shape.slice(1)));
  }
  return rows;
}

/** The values of nested arrays, row by row. Throws where they are not rows of `shape` or not finite numbers. */
export function flatten(rows: readonly NestedNumbers[], shape: readonly number[]): Float32Array {
  const values: number[] = [];
  const visit = (value: NestedNumbers, depth: number): void => {
    if (typeof value === "number") {
      if (depth !== shape.length || !Number.isFinite(value))
        throw new Error(`${value} stands where rows of [${shape.join(", ")}] were expected`);
      values.push(value);
      return;
    }
    if (value.length !== shape[depth])
      throw new Error(`${value.length} values stand where rows of [${shape.join(", ")}] were expected`);
    for (const inner of value) visit(inner, depth + 1);
  };
  for (const row of rows) visit(row, 0);
  return Float32Array.from(values);
}

function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9)); // enough for every float32
}
