import { z } from "zod";
import { commonInputs, Lines } from "#actions/io/inputs.ts";

export const Inputs = z.strictObject({
  ...commonInputs,
  models: Lines,
  token: z.string().optional(),
});
