import { z } from "zod";
import { commonInputs } from "#actions/io/inputs.ts";
import { BadInputError } from "#config/bad-input.ts";

const Variables = z.record(z.string(), z.string());

export const Inputs = z.strictObject({
  ...commonInputs,
  token: z.string().optional(),
  variables: z
    .string()
    .default("{}")
    .transform((text) => parseVariables(text)),
});

function parseVariables(text: string): z.infer<typeof Variables> {
  try {
    return Variables.parse(JSON.parse(text));
  } catch (cause) {
    throw new BadInputError(
      "variables: expected the repository's variables as JSON, from the expression toJSON(vars)",
      { cause },
    );
  }
}
