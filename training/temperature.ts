const widestTemperature = 100;
const steps = 100; // halvings of the interval: far past what a double resolves

/**
 * The temperature that makes softmax(logits / temperature) lose the least on validation examples (log loss): Guo et al.,
 * On Calibration of Modern Neural Networks, 2017. `logits` are row by row, `labels.length` x classes.
 * 1 when every example is answered right: the loss then falls without end as the temperature does, so nothing can be fitted.
 */
export function fitTemperature(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  const width = logits.length / labels.length;
  const rows = Array.from(labels, (label, row) => ({
    label,
    logits: Array.from({ length: width }, (_, column) => logits[row * width + column] ?? Number.NaN),
  }));
  if (rows.length === 0 || !rows.every((row) => row.logits.every(Number.isFinite))) {
    throw new Error("a temperature is fitted to finite logits of at least one example");
  }
  if (rows.every((row) => isRight(row))) return 1;

  // The loss is convex in 1 / temperature, so its slope changes sign once.
  let [low, high] = [-Math.log(widestTemperature), Math.log(widestTemperature)];
  for (let step = 0; step < steps; step++) {
    const middle = (low + high) / 2;
    if (slope(rows, Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(-(low + high) / 2);
}

interface Answer {
  label: number;
  logits: readonly number[];
}

function isRight({ label, logits }: Answer): boolean {
  return logits.every((logit, column) => column === label || logit < (logits[label] ?? Number.NaN));
}

/** Of the summed log loss by the inverse temperature: expected logit minus the true class's. */
function slope(rows: readonly Answer[], inverse: number): number {
  return rows.reduce((sum, { label, logits }) => {
    const top = Math.max(...logits);
    const weights = logits.map((logit) => Math.exp((logit - top) * inverse));
    const whole = weights.reduce((total, weight) => total + weight, 0);
    const expected = logits.reduce((total, logit, column) => total + (logit * (weights[column] ?? 0)) / whole, 0);
    return sum + expected - (logits[label] ?? Number.NaN);
  }, 0);
}
