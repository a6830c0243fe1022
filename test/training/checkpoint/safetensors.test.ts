import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, type TensorFile } from "#training/checkpoint/safetensors.ts";

const file: TensorFile = {
  tensors: [
    { name: "weights/0", shape: [2, 3], values: Float32Array.of(0, -0, 1e-45, Number.NaN, -Infinity, 0.1) },
    { name: "steps", shape: [], values: Int32Array.of(-(2 ** 31)) },
    { name: "mask", shape: [3], values: Uint8Array.of(1, 0, 1) },
    { name: "none", shape: [0, 4], values: new Float32Array() },
  ],
  metadata: { checkpoint: '{"ü": "\\n"}' },
};
const bytes = encodeSafetensors(file);

const bits = ({ tensors, metadata }: TensorFile) => ({
  metadata,
  tensors: tensors.map(({ values, ...rest }) => ({ ...rest, hex: Buffer.from(values.slice().buffer).toString("hex") })),
});

test("tensors and texts come back, every bit, also from the middle of a larger buffer", () => {
  expect(bits(decodeSafetensors(bytes))).toEqual(bits(file));
  const moved = Buffer.concat([Buffer.from("odd"), bytes]).subarray(3);
  expect(bits(decodeSafetensors(moved))).toEqual(bits(file));
});

test("what is decoded is a copy: the file's bytes may change", () => {
  const own = Buffer.from(bytes);
  const decoded = decodeSafetensors(own);
  own.fill(0);
  expect(bits(decoded)).toEqual(bits(file));
});

describe("bytes that are no whole file are refused:", () => {
  test.each([
    ["nothing", Buffer.alloc(0)],
    ["a length without a header", Buffer.from("ffffffffffffff7f", "hex")],
    ["a file cut off in its header", bytes.subarray(0, 40)],
    ["a file cut off in its tensors", bytes.subarray(0, bytes.length - 20)],
    ["another shape", Buffer.from(bytes.toString("latin1").replace("[2,3]", "[2,4]"), "latin1")],
    ["another type", Buffer.from(bytes.toString("latin1").replace('"F32"', '"F64"'), "latin1")],
  ])("%s", (_, damaged) => {
    expect(() => decodeSafetensors(damaged)).toThrow();
  });
});
