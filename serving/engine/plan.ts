import type { Timing } from "#training/models/predictor.ts";
import { lengthOf, type PackedShape, place } from "#training/text/packing.ts";

/** Which of what waits makes a batch, and how long that takes. Sizes are of one unit: inputs, or tokens. */
export interface Plan {
  readonly most: number; // size of the greatest batch
  sizeOf(input: Float32Array): number;
  /** Of inputs that wait, in their order: whether each is in the next batch. The first is. */
  choose(sizes: readonly number[]): readonly boolean[];
  /** How long a batch of such a size takes on a machine with nothing else to do. */
  batchMs(size: number): number;
}

const mostWasted = 1 / 8;

/** Inputs of one size: all that wait, unless that leaves too many rows of the batch empty; then as many as fill the size below. */
export function planOfRows(timings: readonly Timing[]): Plan {
  const timed = timesOf(timings);
  const batchOf = (waiting: number) => {
    const above = timings.find(({ size }) => size >= waiting)?.size ?? waiting;
    const below = timings.findLast(({ size }) => size <= waiting)?.size ?? waiting;
    return (above - waiting) / above > mostWasted ? below : waiting;
  };
  return {
    ...timed,
    sizeOf: () => 1,
    choose: (sizes) => {
      const count = batchOf(Math.min(sizes.length, timed.most));
      return sizes.map((_, at) => at < count);
    },
  };
}

// Each product first reads all its weights: that takes as long as the arithmetic of so many tokens, whatever the model's width.
const tokensOfWeights = 64;

/** Texts, packed into the shape that they fill best. What finds no room is first in the next batch. */
export function planOfTexts(shapes: readonly PackedShape[], timings: readonly Timing[]): Plan {
  return {
    ...timesOf(timings),
    sizeOf: lengthOf,
    choose: (sizes) => {
      let best: { isIn: readonly boolean[]; worth: number } = { isIn: [], worth: 0 };
      for (const shape of shapes) {
        const isIn = place(sizes, shape).map(Boolean);
        const tokens = sizes.reduce((sum, size, at) => (isIn[at] ? sum + size : sum), 0);
        const worth = tokens / (shape.rows * shape.width + tokensOfWeights);
        if (isIn[0] && worth > best.worth) best = { isIn, worth };
      }
      return best.isIn;
    },
  };
}

function timesOf(timings: readonly Timing[]): Pick<Plan, "most" | "batchMs"> {
  const last = timings.at(-1);
  if (!last) throw new Error("a model was compiled for no batch");
  return { most: last.size, batchMs: (size) => (timings.find((timing) => timing.size >= size) ?? last).ms };
}

/** How long it takes to compute so much, batch by batch. */
export function computeMs({ most, batchMs }: Plan, size: number): number {
  const rest = size % most;
  return Math.floor(size / most) * batchMs(most) + (rest > 0 ? batchMs(rest) : 0);
}
