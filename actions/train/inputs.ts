import { z } from "zod";
import { commonInputs } from "#actions/io/inputs.ts";
import { Digest } from "#training/candidate.ts";

export const Inputs = z
  .strictObject({
    ...commonInputs,
    model: z.string(),
    "package-uri": z.string().optional(),
    "model-digest": Digest.optional(),
  })
  .refine((inputs) => !inputs["package-uri"] || inputs["model-digest"], {
    path: ["model-digest"],
    error: "is needed with package-uri",
  });
