import { z } from "zod";
import { commonInputs, Flag } from "#actions/io/inputs.ts";

/** What is read of the matrix that `plan` gives. */
const Matrix = z.object({ include: z.array(z.object({ model: z.string(), kind: z.string() })) });

const matrix = z
  .string()
  .default('{"include":[]}')
  .transform((text, context) => {
    try {
      return Matrix.parse(JSON.parse(text));
    } catch {
      context.addIssue("is not the matrix that plan gives");
      return z.NEVER;
    }
  });

export const Inputs = z.strictObject({
  ...commonInputs,
  model: z.string().optional(),
  candidate: z.string().default("candidate"),
  evaluation: z.string().default("evaluation"),
  verdict: z.string().default("verdict.json"),
  release: z.string().default("release.json"),
  "champion-package": z.string().optional(),
  report: z.string().default("report"),
  reports: z.string().optional(),
  models: matrix,
  token: z.string().optional(),
  "pull-request": z.coerce.number().int().positive().optional(),
  comment: Flag.default(true),
  untrusted: Flag.default(false),
});
