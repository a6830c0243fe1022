import type { Timing } from "#training/models/predictor.ts";

/** Batches of one width of inputs. */
export interface Bucket {
  readonly width: number; // values of an input; those behind it are nothing
  readonly maxRows: number; // of a batch
  /** How many of so many that wait make the next batch. */
  batchOf(waiting: number): number;
  /** How long a batch of so many rows takes on a machine with nothing else to do. */
  batchMs(rows: number): number;
}

/** The buckets that a model was compiled and measured for, the narrowest first. */
export function bucketsOf(timings: readonly Timing[]): Bucket[] {
  const widths = [...new Set(timings.map(({ width }) => width))];
  return widths.map((width) => {
    const own = timings.filter((timing) => timing.width === width);
    const maxRows = own.at(-1)?.rows ?? 1;
    return {
      ...{ width, maxRows },
      batchOf: (waiting) => batchOf(own, Math.min(waiting, maxRows)),
      batchMs: (rows) => (own.find((timing) => timing.rows >= rows) ?? own.at(-1))?.ms ?? 0,
    };
  });
}

const mostWasted = 1 / 8;

/** All, if the size that was compiled for them has few empty rows; otherwise as many as fill the size below. */
function batchOf(sizes: readonly Timing[], waiting: number): number {
  const above = sizes.find(({ rows }) => rows >= waiting)?.rows ?? waiting;
  const below = sizes.findLast(({ rows }) => rows <= waiting)?.rows ?? waiting;
  return (above - waiting) / above > mostWasted ? below : waiting;
}

/** How long it takes to compute so many rows, batch by batch. */
export function computeMs({ maxRows, batchMs }: Bucket, rows: number): number {
  const rest = rows % maxRows;
  return Math.floor(rows / maxRows) * batchMs(maxRows) + (rest > 0 ? batchMs(rest) : 0);
}
