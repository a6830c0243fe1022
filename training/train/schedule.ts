import type { Training } from "#config/schema.ts";

/**
 * The learning rate of the step after `steps` updates: up from 0 in the warm-up, then constant, or down a half cosine to 0
 * at the end of the last epoch. Loshchilov and Hutter 2017, without restarts; Goyal et al. 2017 for the warm-up.
 */
export function learningRateAt(steps: number, stepsPerEpoch: number, training: Training): number {
  const { epochs, learningRate, schedule, warmupEpochs } = training;
  const epoch = steps / stepsPerEpoch;
  if (epoch < warmupEpochs) return (learningRate * (steps + 1)) / Math.ceil(warmupEpochs * stepsPerEpoch);
  if (schedule === "constant") return learningRate;
  const done = (epoch - warmupEpochs) / (epochs - warmupEpochs);
  return (learningRate * (1 + Math.cos(Math.PI * Math.min(1, done)))) / 2;
}
