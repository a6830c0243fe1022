import { z } from "zod";
import { commonInputs } from "#actions/io/inputs.ts";
import { Digest } from "#training/candidate.ts";

const champion = ["champion-version", "champion-digest", "champion-package"] as const;

export const Inputs = z
  .strictObject({
    ...commonInputs,
    model: z.string(),
    candidate: z.string(),
    "model-digest": Digest,
    role: z.enum(["validation", "test"]).default("validation"), // a look at test examples must be meant
    "champion-version": z.string().optional(),
    "champion-digest": Digest.optional(),
    "champion-package": z.string().optional(),
    evaluation: z.string().default("evaluation"),
  })
  .refine((inputs) => new Set(champion.map((name) => inputs[name] === undefined)).size === 1, {
    path: ["champion-version"],
    error: `a champion needs all of ${champion.join(", ")}`,
  });
