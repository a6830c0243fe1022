import type { Training } from "#config/schema.ts";

/**
 * The learning rate of the step after `steps` updates: up from 0 in the warm-up, then constant, or down to 0 at the end of
 * the last epoch in a line or a half cosine. Loshchilov and Hutter 2017, without restarts; Goyal et al. 2017 for the warm-up.
 */
export function learningRateAt(steps: number, stepsPerEpoch: number, training: Training): number {
  const { epochs, learningRate, schedule, warmupEpochs } = training;
  const epoch = steps / stepsPerEpoch;
  if (epoch < warmupEpochs) return (learningRate * (steps + 1)) / Math.ceil(warmupEpochs * stepsPerEpoch);
  if (schedule === "constant") return learningRate;
  const done = Math.min(1, (epoch - warmupEpochs) / (epochs - warmupEpochs));
  return schedule === "linear" ? learningRate * (1 - done) : (learningRate * (1 + Math.cos(Math.PI * done))) / 2;
}
