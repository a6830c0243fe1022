import type { TensorFormat } from "#serving/formats/format.ts";

/** An input tensor of a request. */
export interface InputTensor {
  readonly shape: readonly number[];
  readonly data: readonly unknown[]; // numbers row by row, nested or flat; or texts
}

/** Rows that one request may ask for. */
export const mostRows = 256;

/** The rows of an input tensor. @throws Error with status 400 that says what is wrong with it. */
export function rowsOf({ shape, data }: InputTensor, tensor: TensorFormat): Float32Array[] {
  const [rows = 0, ...one] = shape;
  if (one.join() !== tensor.shape.join()) {
    const wanted = ["rows", ...tensor.shape].join(", ");
    throw unfit(`the shape is [${shape.join(", ")}], where [${wanted}] is expected`);
  }
  if (rows > mostRows) throw unfit(`${rows} rows are asked for, where at most ${mostRows} are answered at once`);
  return tensor.datatype === "BYTES" ? textRows(rows, data, tensor.encode) : numberRows(rows, data, tensor);
}

function textRows(rows: number, data: readonly unknown[], encode: (text: string) => Float32Array): Float32Array[] {
  if (data.length !== rows) throw unfit(`there are ${data.length} texts, where the shape wants ${rows}`);
  return data.map((text, row) => {
    if (typeof text !== "string" || text === "") throw unfit(`row ${row} is no text, or an empty one`);
    return encode(text);
  });
}

function numberRows(
  rows: number,
  data: readonly unknown[],
  { shape, fault: faultOf }: Extract<TensorFormat, { datatype: "FP32" }>,
): Float32Array[] {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = new Float32Array(rows * size);
  const count = fill(values, data, { start: 0, levels: shape.length + 1 });
  if (count !== values.length) throw unfit(`there are ${count} numbers, where the shape wants ${values.length}`);
  return Array.from({ length: rows }, (_, row) => {
    const input = values.slice(row * size, (row + 1) * size);
    const fault = faultOf(input);
    if (fault !== undefined) throw unfit(`row ${row}: ${fault}`);
    return input;
  });
}

/**
 * Writes the numbers of data that is flat, or nested in at most so many levels, from `start` on, and returns where they
 * end; numbers too many are only counted.
 */
function fill(
  values: Float32Array,
  data: readonly unknown[],
  { start, levels }: { start: number; levels: number },
): number {
  if (levels === 0) throw unfit("the data is nested more deeply than the shape");
  let at = start;
  for (const value of data) {
    if (typeof value === "number") values[at++] = value;
    else if (Array.isArray(value)) at = fill(values, value, { start: at, levels: levels - 1 });
    else throw unfit("the data holds something that is no number");
  }
  return at;
}

function unfit(message: string): Error {
  return Object.assign(new Error(message), { statusCode: 400 });
}
