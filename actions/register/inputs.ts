import { z } from "zod";
import { commonInputs } from "#actions/io/inputs.ts";
import { Digest } from "#training/candidate.ts";

export const Inputs = z
  .strictObject({
    ...commonInputs,
    model: z.string(),
    candidate: z.string().default("candidate"),
    "model-digest": Digest,
    evaluation: z.string().optional(),
    verdict: z.string().optional(),
    "package-uri": z.string(),
    release: z.string().default("release.json"),
    token: z.string().optional(),
  })
  .refine((inputs) => (inputs.evaluation === undefined) === (inputs.verdict === undefined), {
    path: ["verdict"],
    error: "evaluation and verdict are given together, or neither",
  });
