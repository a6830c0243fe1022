import { z } from "zod";
import { commonInputs } from "#actions/io/inputs.ts";

export const Inputs = z.strictObject({
  ...commonInputs,
  model: z.string(),
  "to-version": z.string().optional(),
  reason: z.string(),
  token: z.string().optional(),
});
