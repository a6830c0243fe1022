import { z } from "zod";
import { commonInputs, Flag } from "#actions/io/inputs.ts";

export const Inputs = z.strictObject({
  ...commonInputs,
  model: z.string(),
  candidate: z.string().default("candidate"),
  evaluation: z.string().default("evaluation"),
  verdict: z.string().default("verdict.json"),
  release: z.string().default("release.json"),
  report: z.string().default("report.md"),
  token: z.string().optional(),
  "pull-request": z.coerce.number().int().positive().optional(),
  comment: Flag.default(true),
  untrusted: Flag.default(false),
});
