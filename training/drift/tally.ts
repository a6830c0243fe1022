import type { Reference } from "#training/package/reference.ts";
import { type Bins, binOf, binsOf } from "./bins.ts";
import type { LoggedRequest } from "./logged-request.ts";

/** Requests of a window, counted in the bins of the model's reference. */
export interface Tally {
  readonly rows: number;
  /** Of each input column, the share of the requests in each bin, added up. */
  readonly inputs: readonly Counted[];
  readonly classes: readonly number[]; // requests that got each class
  readonly confidence: Counted;
}

interface Counted {
  readonly bins: Bins;
  readonly counts: readonly number[];
  readonly perRow: number; // values that one request has of it
}

/** Counts requests one at a time; `done` is what they came to. */
export function createTally({ inputs, confidence }: Reference, classes: readonly string[]) {
  const column = (bins: Bins) => ({ bins, counts: bins.expected.map(() => 0), perRow: 1 });
  const columns = inputs.map(({ histogram }) => column(binsOf(histogram)));
  const confidences = column(binsOf(confidence));
  const places = new Map(classes.map((name, at) => [name, at]));
  const answered = classes.map(() => 0);
  let rows = 0;
  return {
    add(request: LoggedRequest): void {
      rows += 1;
      for (const [at, own] of columns.entries()) {
        const values = request.inputs[at] ?? [];
        const total = values.reduce((sum, value) => sum + value, 0);
        own.perRow = Math.max(own.perRow, total);
        // The pixels of one image belong together: each request counts once, whatever it holds.
        for (const [bin, value] of values.entries()) increase(own.counts, bin, value / Math.max(1, total));
      }
      const answer = places.get(request.class);
      if (answer !== undefined) increase(answered, answer, 1);
      increase(confidences.counts, binOf(confidences.bins, request.confidence), 1);
    },
    done: (): Tally => ({ rows, inputs: columns, classes: answered, confidence: confidences }),
  };
}

function increase(counts: number[], at: number, by: number): void {
  if (at < counts.length) counts[at] = (counts[at] ?? 0) + by;
}
