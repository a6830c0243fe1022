import { z } from "zod";
import { commonInputs } from "#actions/io/inputs.ts";

export const Inputs = z.strictObject({
  ...commonInputs,
  model: z.string(),
  commit: z.string().regex(/^[0-9a-f]{40}$/, "must be the SHA of a commit"),
  minutes: z.coerce.number().positive().default(15),
  "argocd-url": z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" }).optional(),
  "argocd-token": z.string().optional(),
  token: z.string().optional(),
  "manifests-token": z.string().optional(),
});
