import { type Bins, binOf, binsOf } from "#training/drift/bins.ts";
import type { Reference } from "#training/package/reference.ts";

/** Counts inputs and answers in the bins of the model's reference statistics. */
export type Monitor = ReturnType<typeof createMonitor>;

interface Column {
  readonly name: string;
  readonly bins: Bins;
  readonly counts: Float64Array;
}

const mostValues = 300;

/**
 * What the model is asked and what it answers, in plain counters that cost a microsecond a row; whoever scrapes them
 * compares them with `expected`, the share of the reference in the same bins. The values of one channel of an image are
 * its pixels, of which some hundred are looked at.
 */
export function createMonitor(classes: readonly string[], reference: Reference) {
  const inputs = reference.inputs.map(({ name, histogram }) => columnOf(name, binsOf(histogram)));
  const confidence = columnOf("confidence", binsOf(reference.confidence));
  const predictions = new Float64Array(classes.length);
  const answered = reference.predictions.reduce((sum, count) => sum + count, 0);
  const count = ({ bins, counts }: Column, value: number) => {
    const bin = binOf(bins, value);
    counts[bin] = (counts[bin] ?? 0) + 1;
  };
  return {
    inputs: inputs as readonly Column[],
    confidence: confidence as Column,
    predictions: classes.map((name, at) => ({
      name,
      count: () => predictions[at] ?? 0,
      expected: (reference.predictions[at] ?? 0) / answered,
    })),
    /** Counts one input and its probabilities; the index of the likeliest class is `best`. */
    observe(input: Float32Array, probabilities: Float32Array, best: number): void {
      const stride = strideOf(input.length, inputs.length);
      for (let at = 0; at < input.length; at += stride) {
        const column = inputs[at % inputs.length];
        if (column) count(column, input[at] ?? Number.NaN);
      }
      predictions[best] = (predictions[best] ?? 0) + 1;
      count(confidence, probabilities[best] ?? Number.NaN);
    },
  };
}

/** How far apart the looked at values are: so that each column gets as many. */
function strideOf(length: number, columns: number): number {
  const stride = Math.ceil(length / mostValues);
  return stride > 1 && stride % columns === 0 ? stride + 1 : stride;
}

function columnOf(name: string, bins: Bins): Column {
  return { name, bins, counts: new Float64Array(bins.expected.length) };
}
