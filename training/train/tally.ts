/** Sums over examples: cross-entropy in nats, and right answers. */
export interface Tally {
  rows: number;
  loss: number;
  right: number;
}

/** Adds up what `logits` (row by row, `labels.length` x classes) lose and get right. */
export function tally(logits: Float32Array, labels: ArrayLike<number>): Tally {
  const rows = labels.length;
  const width = logits.length / rows;
  let loss = 0;
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const answer = logits.subarray(row * width, (row + 1) * width);
    const top = answer.reduce((most, logit) => Math.max(most, logit), -Infinity);
    const whole = answer.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    const label = labels[row] ?? -1;
    loss += top + Math.log(whole) - (answer[label] ?? Number.NaN);
    if (answer.indexOf(top) === label) right += 1;
  }
  return { rows, loss, right };
}
