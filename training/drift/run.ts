import type { Digest } from "#training/candidate.ts";
import { readReference } from "#training/package/read-reference.ts";
import type { Storage } from "#training/storage/storage.ts";
import { type Drift, measureDrift, type Thresholds } from "./measure.ts";
import { type LogPlace, type Others, readRequests, type Window } from "./read-log.ts";
import { createTally } from "./tally.ts";

/** A model, and which of its requests to compare with it. */
export interface Question extends Omit<Window, "digest"> {
  readonly package: Storage; // that was served
  readonly modelDigest?: Digest; // the package must have this one
  readonly log: LogPlace;
  readonly thresholds: Thresholds;
}

/**
 * Compares logged requests with the model that they went to.
 * @throws BadInputError when the package or the log can't be read.
 */
export async function compareRequests(question: Question): Promise<{ name: string; drift: Drift } & Others> {
  const { log, thresholds, since, until } = question;
  const { digest, name, reference, classes } = await readReference(question.package, question.modelDigest);
  const tally = createTally(reference, classes);
  const window = { digest, ...(since && { since }), ...(until && { until }) };
  const others = await readRequests(log, window, tally.add);
  return { name, drift: measureDrift(tally.done(), { reference, classes }, thresholds), ...others };
}
