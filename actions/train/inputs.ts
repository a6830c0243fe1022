import { z } from "zod";
import { commonInputs, Flag } from "#actions/io/inputs.ts";
import { Digest } from "#training/candidate.ts";

export const Inputs = z
  .strictObject({
    ...commonInputs,
    model: z.string(),
    "package-uri": z.string().optional(),
    "model-digest": Digest.optional(),
    sweep: Flag.default(false),
    where: z.enum(["runner", "cluster"]).default("runner"),
    image: z.string().optional(),
    retry: Flag.default(false),
    minutes: z.coerce.number().nonnegative().default(45),
    "argocd-url": z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" }).optional(),
    "argocd-token": z.string().optional(),
    token: z.string().optional(),
  })
  .refine((inputs) => !inputs["package-uri"] || inputs["model-digest"], {
    path: ["model-digest"],
    error: "is needed with package-uri",
  })
  .refine((inputs) => !inputs.sweep || !inputs["package-uri"], {
    path: ["sweep"],
    error: "trains, and package-uri says that nothing is to be trained",
  })
  .refine((inputs) => inputs.where === "runner" || inputs.image, {
    path: ["image"],
    error: "is needed with where: cluster",
  });
