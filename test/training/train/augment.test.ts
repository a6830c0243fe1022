import { expect, test } from "vitest";
import { createAugment } from "#training/train/augment.ts";

const shape = [6, 5, 3];
const size = 90;
const image = Float32Array.from({ length: size }, (_, at) => at + 1);
const pixel = (values: Float32Array, row: number, column: number) =>
  row < 0 || row > 5 || column < 0 || column > 4
    ? [0, 0, 0]
    : [...values.slice((row * 5 + column) * 3, (row * 5 + column) * 3 + 3)];

/** The image as it comes out for each place in `indices`. */
function draws(
  augmentation: { flip: boolean; shift: number },
  indices: readonly number[],
  { seed = 1, epoch = 1 } = {},
) {
  const inputs = new Float32Array(size * indices.length);
  for (const row of indices.keys()) inputs.set(image, row * size);
  const augment = createAugment(shape, augmentation, seed);
  const changed = augment?.({ inputs, labels: new Int32Array(indices.length) }, { epoch, indices });
  return indices.map((_, row) => changed?.inputs.slice(row * size, (row + 1) * size) ?? new Float32Array());
}

/** How an image was moved; `undefined` when it is not the moved one. */
function moveOf(values: Float32Array): { down: number; right: number; flipped: boolean } | undefined {
  for (const flipped of [false, true]) {
    for (let down = -2; down <= 2; down++) {
      for (let right = -2; right <= 2; right++) {
        const isMoved = Array.from({ length: 30 }, (_, at) => [Math.floor(at / 5), at % 5] as const).every(
          ([row, column]) => {
            const from = column - right;
            const isInside = from >= 0 && from <= 4;
            const source = isInside && flipped ? 4 - from : from;
            return pixel(values, row, column).join() === pixel(image, row - down, isInside ? source : -1).join();
          },
        );
        if (isMoved) return { down, right, flipped };
      }
    }
  }
  return undefined;
}

const many = Array.from({ length: 400 }, (_, index) => index);

test("images are flipped half the time and shifted every way alike, and nothing else happens to them", () => {
  const moves = draws({ flip: true, shift: 2 }, many).map(moveOf);
  expect(moves).not.toContain(undefined);
  const flipped = moves.filter((move) => move?.flipped).length;
  expect(flipped).toBeGreaterThan(150);
  expect(flipped).toBeLessThan(250);
  const ways = Map.groupBy(moves, (move) => `${move?.down} ${move?.right}`);
  expect(ways.size).toBe(25);
  for (const found of ways.values()) expect(found.length).toBeLessThan(40);
});

test("what happens to an image depends on seed, epoch and place alone, not on its batch", () => {
  const augmentation = { flip: true, shift: 2 };
  const all = draws(augmentation, many);
  expect(draws(augmentation, [17, 3])).toEqual([all[17], all[3]]);
  expect(draws(augmentation, many, { epoch: 2 })).not.toEqual(all);
  expect(draws(augmentation, many, { seed: 2 })).not.toEqual(all);
});

test("tables and images that nothing is to happen to are left alone", () => {
  expect(createAugment([4], { flip: true, shift: 1 }, 1)).toBeUndefined();
  expect(createAugment(shape, { flip: false, shift: 0 }, 1)).toBeUndefined();
  expect(draws({ flip: false, shift: 2 }, many).some((values) => moveOf(values)?.flipped)).toBe(false);
  expect(draws({ flip: true, shift: 0 }, many).every((values) => moveOf(values)?.down === 0)).toBe(true);
});
