import { getInput } from "@actions/core";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";

/** An input of one value a line; blank lines do not count. */
export const Lines = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );

/** An input that is `true` or `false`. */
export const Flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** What every action takes. Names of files start at the working directory, as in every step of a job. */
export const commonInputs = {
  env: z.string().default("dev"),
  root: z.string().default("."), // of the models' repository
  set: Lines, // path=value
};

/**
 * Reads the inputs that `schema` names, as the runner gives them; an empty one is absent.
 * @throws BadInputError that tells everything that is wrong.
 */
export function readInputs<S extends z.ZodObject>(schema: S): z.output<S> {
  const given = Object.keys(schema.shape).flatMap((name) => {
    const value = getInput(name);
    return value === "" ? [] : [[name, value]];
  });
  const result = schema.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const names = new Set(given.map(([name]) => name));
  const problems = result.error.issues.map(({ code, path, message }) => {
    const name = path.join(".");
    return `  ${name}: ${code !== "custom" && !names.has(name) ? "is missing" : message}`;
  });
  throw new BadInputError(`The inputs of this action are wrong (its \`with:\`):\n${problems.join("\n")}`);
}
