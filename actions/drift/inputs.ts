import { z } from "zod";
import { commonInputs, Flag, Lines } from "#actions/io/inputs.ts";

export const Inputs = z.strictObject({
  ...commonInputs,
  models: Lines,
  pages: z.string().optional(),
  fail: Flag.default(false),
  token: z.string().optional(),
  "manifests-token": z.string().optional(),
});
