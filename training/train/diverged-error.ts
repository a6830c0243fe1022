import { BadInputError } from "#config/bad-input.ts";

/** The loss became infinite or not a number, as it would the next time: the settings are too bold. */
export class DivergedError extends BadInputError {
  override name = "DivergedError";
}
