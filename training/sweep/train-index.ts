import { BadInputError } from "#config/bad-input.ts";
import type { Digest } from "#training/candidate.ts";
import { openSweep } from "./open.ts";
import { type TrialEvent, type TrialOptions, trainTrial } from "./train-trial.ts";

/**
 * Trains the one trial of a sweep that this machine was given, by its index from 0: others train the others, and somebody else
 * chooses among them. `expectedHash` is what the sweep's must be.
 */
export async function* trainIndex(
  index: number,
  { expectedHash, ...options }: TrialOptions & { expectedHash?: Digest | undefined },
): AsyncGenerator<TrialEvent, void> {
  const { plan, parent } = await openSweep(options);
  if (expectedHash && plan.hash !== expectedHash) {
    throw new BadInputError(
      `the sweep is ${plan.hash}, ${expectedHash} was asked for: data, configuration, training code or package-lock.json are other ones`,
    );
  }
  const trial = plan.trials[index];
  if (!trial) throw new BadInputError(`the sweep has ${plan.trials.length} trials, none of index ${index}`);
  yield* trainTrial(trial, plan, { ...options, parent });
}
