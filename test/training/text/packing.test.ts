import { expect, test } from "vitest";
import { lengthOf, pack, packedShapes, place } from "#training/text/packing.ts";

test("texts go into the first row with room for their tokens and for one more text", () => {
  const shape = { rows: 2, width: 10, texts: 2 };
  expect(place([6, 7, 3, 9, 1, 2, 1], shape)).toEqual([
    { row: 0, start: 0, slot: 0 },
    { row: 1, start: 0, slot: 0 },
    { row: 0, start: 6, slot: 1 },
    undefined,
    { row: 1, start: 7, slot: 1 },
    undefined,
    undefined,
  ]);
});

test("tokens keep their ids and their positions in their text, and no number marks tokens of two texts", () => {
  const texts = [Float32Array.of(5, 0, 7, -1), Float32Array.of(-1, -1, -1, -1), Float32Array.of(8, 9, -1, -1)];
  expect(pack(texts, { rows: 2, width: 4, texts: 2 })).toEqual({
    ids: Float32Array.of(5, 0, 7, -1, 8, 9, -1, -1),
    segments: Float32Array.of(0, 0, 0, 1, 2, 2, -1, -1),
    positions: Int32Array.of(0, 1, 2, 0, 0, 1, 0, 0),
    firsts: Int32Array.of(0, 3, 4, 4), // a slot without a text looks at its row's first token
    answers: [0, 1, 2],
  });
  expect(lengthOf(Float32Array.of(-1, -1))).toBe(1);
  expect(() => pack(texts, { rows: 1, width: 4, texts: 8 })).toThrow("3 texts do not find room in 1 rows of 4 tokens");
});

test("the longest text has a row, texts that fill no row a narrower one, and a batch has no more texts than it may", () => {
  const sizes = (shapes: ReturnType<typeof packedShapes>) =>
    shapes.map(({ rows, width }) => `${rows}x${width}`).join(" ");
  const of128 = packedShapes(64, { maxTokens: 128, rows: 3 });
  expect(sizes(of128)).toBe("1x16 1x32 1x48 1x64 1x96 1x128 2x128 3x128");
  expect(of128.map(({ texts }) => texts)).toEqual([2, 4, 6, 8, 12, 16, 16, 16]);
  expect(sizes(packedShapes(8, { maxTokens: 256, rows: 2 }))).toBe("1x16 1x32 1x48 1x64 1x96 1x128 1x192 2x128 1x256");
  expect(sizes(packedShapes(8, { maxTokens: 12, rows: 2 }))).toBe("1x12 2x12");
  expect(sizes(packedShapes(1, { maxTokens: 32, rows: 2 }))).toBe("1x16 1x32");
  expect(packedShapes(7, { maxTokens: 128, rows: 3 }).every(({ rows, texts }) => rows * texts <= 7)).toBe(true);
});
