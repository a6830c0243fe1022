import { z } from "zod";
import { commonInputs } from "#actions/io/inputs.ts";

export const Inputs = z.strictObject({
  ...commonInputs,
  model: z.string(),
  evaluation: z.string().default("evaluation"),
  verdict: z.string().default("verdict.json"),
});
