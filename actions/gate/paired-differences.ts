import type { PairedDifference } from "./bootstrap.ts";
import type { Pairs } from "./pairs.ts";

/** The mean of one difference an example. */
export function meanDifference(differences: Float64Array): PairedDifference {
  const rows = differences.length;
  const total = differences.reduce((sum, difference) => sum + difference, 0);
  return {
    rows,
    observed: total / rows,
    resampled(indices) {
      let sum = 0;
      for (const index of indices) sum += differences[index] ?? 0;
      return sum / rows;
    },
    without: (index) => (total - (differences[index] ?? 0)) / (rows - 1),
  };
}

/**
 * Candidate's minus champion's macro F1: the mean over the classes that occur or are answered, as scikit-learn averages.
 * Examples with the same label and answers are counted together, which makes a resample one increment an example.
 */
export function macroF1Difference(pairs: Pairs): PairedDifference {
  const { cells, cellOf } = group(pairs);
  const all = new Int32Array(cells.length);
  for (const cell of cellOf) all[cell] = (all[cell] ?? 0) + 1;
  const some = new Int32Array(cells.length);
  const withoutOneOf = new Map<number, number>();
  return {
    rows: cellOf.length,
    observed: differenceOf(cells, all, pairs.classes),
    resampled(indices) {
      some.fill(0);
      for (const index of indices) {
        const cell = cellOf[index] ?? 0;
        some[cell] = (some[cell] ?? 0) + 1;
      }
      return differenceOf(cells, some, pairs.classes);
    },
    without(index) {
      const cell = cellOf[index] ?? 0;
      const known = withoutOneOf.get(cell);
      if (known !== undefined) return known;
      const value = differenceOf(cells, all.with(cell, (all[cell] ?? 0) - 1), pairs.classes);
      withoutOneOf.set(cell, value);
      return value;
    },
  };
}

interface Cell {
  label: number;
  candidate: number;
  champion: number;
}

/** The distinct combinations of label and answers, and which of them each example is. */
function group({ labels, candidate, champion }: Pairs): { cells: Cell[]; cellOf: Int32Array } {
  const cells: Cell[] = [];
  const known = new Map<string, number>();
  const cellOf = labels.map((label, row) => {
    const cell = { label, candidate: candidate[row] ?? 0, champion: champion[row] ?? 0 };
    const key = `${cell.label} ${cell.candidate} ${cell.champion}`;
    const index = known.get(key) ?? cells.push(cell) - 1;
    known.set(key, index);
    return index;
  });
  return { cells, cellOf };
}

function differenceOf(cells: readonly Cell[], counts: Int32Array, classes: number): number {
  const candidate = countF1(classes);
  const champion = countF1(classes);
  for (const [index, cell] of cells.entries()) {
    candidate.add(cell.label, cell.candidate, counts[index] ?? 0);
    champion.add(cell.label, cell.champion, counts[index] ?? 0);
  }
  return candidate.macroF1() - champion.macroF1();
}

/** What one model's F1 of each class needs: F1 = 2 hits / (answered + occurring). */
function countF1(classes: number) {
  const hits = new Int32Array(classes);
  const shown = new Int32Array(classes);
  return {
    add(label: number, answer: number, times: number) {
      shown[label] = (shown[label] ?? 0) + times;
      shown[answer] = (shown[answer] ?? 0) + times;
      if (label === answer) hits[label] = (hits[label] ?? 0) + times;
    },
    macroF1() {
      let met = 0;
      let sum = 0;
      for (const [index, total] of shown.entries()) {
        if (total === 0) continue;
        met++;
        sum += (2 * (hits[index] ?? 0)) / total;
      }
      return sum / met;
    },
  };
}
