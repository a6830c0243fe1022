import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Augmentation } from "#config/images.ts";
import type { Batch } from "#training/data/dataset.ts";

/** Which examples a batch holds, by their places in their role, and the epoch they are read for. */
export interface Draw {
  epoch: number;
  indices: readonly number[];
}

export type Augment = (batch: Batch, draw: Draw) => Batch;

/**
 * Flips and shifts images of `inputShape` (height, width, channels) at random. What happens to an image depends on the
 * seed, the epoch and its place alone, so that training can stop and go on anywhere. `undefined` when nothing is to be done.
 */
export function createAugment(
  inputShape: readonly number[],
  { flip, shift }: Augmentation,
  seed: number,
): Augment | undefined {
  const [height, width, channels] = inputShape;
  if ((!flip && shift === 0) || !height || !width || !channels) return undefined;
  const size = height * width * channels;
  return ({ inputs, labels }, { epoch, indices }) => {
    const changed = new Float32Array(inputs.length);
    for (const [row, index] of indices.entries()) {
      const random = xoroshiro128plus(mix(seed, epoch, index));
      const change = {
        down: uniformInt(random, -shift, shift),
        right: uniformInt(random, -shift, shift),
        flipped: flip && uniformInt(random, 0, 1) === 1,
      };
      const image = inputs.subarray(row * size, (row + 1) * size);
      move(image, changed.subarray(row * size, (row + 1) * size), { height, width, channels, ...change });
    }
    return { inputs: changed, labels };
  };
}

interface Move {
  height: number;
  width: number;
  channels: number;
  down: number; // pixels
  right: number;
  flipped: boolean;
}

/** Copies the image to its new place in `target`, which is black. */
function move(image: Float32Array, target: Float32Array, { height, width, channels, ...change }: Move): void {
  const { down, right, flipped } = change;
  for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++) {
    for (let column = Math.max(0, -right); column < Math.min(width, width - right); column++) {
      const from = (row * width + (flipped ? width - 1 - column : column)) * channels;
      const to = ((row + down) * width + column + right) * channels;
      for (let channel = 0; channel < channels; channel++) target[to + channel] = image[from + channel] ?? 0;
    }
  }
}

/** Spreads numbers that lie close together over all 32 bits (the finaliser of MurmurHash3, once for each). */
function mix(...values: readonly number[]): number {
  return values.reduce((state, value) => {
    let hash = Math.imul(state ^ value, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }, 0x5bd1e995);
}
