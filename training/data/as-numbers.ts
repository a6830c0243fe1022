import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { Dataset, TextDataset } from "./dataset.ts";

/**
 * The examples as an architecture takes them.
 * @throws BadInputError for texts, which none of the architectures takes as they are.
 */
export function asNumbers(dataset: Dataset | TextDataset, architecture: Config["architecture"]): Dataset {
  if ("inputShape" in dataset) return dataset;
  throw new BadInputError(`architecture ${architecture} takes numbers, and the data has texts`);
}
