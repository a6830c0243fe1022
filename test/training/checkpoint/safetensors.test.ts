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

test("numbers of half precision become whole ones, and only what is wanted is read", () => {
  const header = {
    half: { dtype: "F16", shape: [8], data_offsets: [0, 16] },
    brain: { dtype: "BF16", shape: [4], data_offsets: [16, 24] },
    places: { dtype: "I64", shape: [1], data_offsets: [24, 32] }, // a type that is not read
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x3555, 0x7e00);
  const brains = Uint16Array.of(0x3f80, 0xc2f7, 0x0000, 0x7f80);
  const half = Buffer.concat([length, text, Buffer.from(halves.buffer), Buffer.from(brains.buffer), Buffer.alloc(8)]);
  const { tensors } = decodeSafetensors(half, (name) => name !== "places");
  const values = tensors.map((tensor) => [...tensor.values]);
  expect(values[0]).toEqual([1, -2, 65_504, 2 ** -24, -0, Infinity, 0.333251953125, Number.NaN]);
  expect(values[1]).toEqual([1, -123.5, 0, Infinity]);
  expect(() => decodeSafetensors(half)).toThrow("the type I64 is not read");
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
