import { expect } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { exitCodeOf } from "#config/exit-code.ts";

/** The error by which bad input is refused: one that ends a program with 42. */
export async function refusal(loading: Promise<unknown>): Promise<BadInputError> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BadInputError);
  expect(exitCodeOf(error)).toBe(42);
  return error as BadInputError;
}
