const largestTinyInput = 256; // numbers an example

/** Whether a step on examples of this shape (without the batch) is so short that starting a faster backend costs more than it saves. */
export function isTiny(inputShape: readonly number[]): boolean {
  return inputShape.reduce((product, size) => product * size, 1) <= largestTinyInput;
}
