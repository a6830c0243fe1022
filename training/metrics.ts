import type { Metrics } from "./evaluation.ts";

const calibrationBins = 15;
const smallestProbability = Number.EPSILON; // what scikit-learn clips float64 at, so that one zero does not make the loss infinite

/**
 * Metrics of a classifier. `labels` are class indices; `probabilities` are row by row, `labels.length` x `classes.length`.
 * A ratio without anything under the line is 0, and a class that is neither present nor predicted is left out of macro F1,
 * as in scikit-learn.
 * @throws Error when there is no row, a probability is not a number, or the sizes do not fit.
 */
export function classificationMetrics(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classes: readonly string[],
): Metrics {
  const rows = labels.length;
  if (rows === 0) throw new Error("metrics need at least one example");
  if (probabilities.length !== rows * classes.length) {
    throw new Error(`${probabilities.length} probabilities do not fit ${rows} examples of ${classes.length} classes`);
  }
  const confusion = classes.map(() => classes.map(() => 0));
  const bins = Array.from({ length: calibrationBins }, () => ({ rows: 0, confidence: 0, right: 0 }));
  let right = 0;
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row] ?? -1;
    const answer = answerOf(probabilities, row, classes.length);
    const counts = confusion[label];
    if (counts === undefined) throw new Error(`label ${label} of example ${row} is none of ${classes.length} classes`);
    counts[answer.index] = (counts[answer.index] ?? 0) + 1;
    const isRight = answer.index === label ? 1 : 0;
    right += isRight;
    const probability = probabilities[row * classes.length + label] ?? Number.NaN;
    loss -= Math.log(Math.min(Math.max(probability, smallestProbability), 1 - smallestProbability));
    const bin = bins[binOf(answer.confidence)];
    if (bin === undefined) throw new Error(`example ${row} has a probability of ${answer.confidence}`);
    bin.rows += 1;
    bin.confidence += answer.confidence;
    bin.right += isRight;
  }
  const perClass = classes.map((name, index) => ({ name, ...scoresOf(confusion, index) }));
  const met = perClass.filter(({ support, predicted }) => support + predicted > 0);
  return {
    accuracy: right / rows,
    log_loss: loss / rows,
    macro_f1: met.reduce((sum, { f1 }) => sum + f1, 0) / met.length,
    calibration_error: bins.reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0) / rows,
    perClass: perClass.map(({ predicted: _, ...scores }) => scores),
    confusion,
  };
}

/** The likeliest class, the first of several; a row that holds NaN has no answer. */
function answerOf(probabilities: ArrayLike<number>, row: number, width: number): { index: number; confidence: number } {
  let index = 0;
  let confidence = -1;
  for (let column = 0; column < width; column++) {
    const probability = probabilities[row * width + column] ?? Number.NaN;
    if (Number.isNaN(probability)) {
      throw new Error(`example ${row} has a probability that is not a number: the weights are damaged or diverged`);
    }
    if (probability > confidence) [index, confidence] = [column, probability];
  }
  return { index, confidence };
}

/** Bins of equal width, open below and closed above: Guo et al., On Calibration of Modern Neural Networks, 2017, eq. 3. */
function binOf(confidence: number): number {
  return Math.max(0, Math.ceil(confidence * calibrationBins) - 1);
}

function scoresOf(confusion: readonly (readonly number[])[], index: number) {
  const hits = confusion[index]?.[index] ?? 0;
  const support = (confusion[index] ?? []).reduce((sum, count) => sum + count, 0);
  const predicted = confusion.reduce((sum, counts) => sum + (counts[index] ?? 0), 0);
  return {
    precision: ratio(hits, predicted),
    recall: ratio(hits, support),
    f1: ratio(2 * hits, support + predicted),
    support,
    predicted,
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
