import { z } from "zod";
import { commonInputs, Lines } from "#actions/io/inputs.ts";
import { Promotion } from "#config/schema.ts";
import { Digest } from "#training/candidate.ts";

const { repository, branch, mode } = Promotion.shape;

export const Inputs = z
  .strictObject({
    ...commonInputs,
    releases: Lines.prefault("release.json"),
    "image-digest": Digest.optional(),
    token: z.string().optional(),
    repository,
    branch,
    mode: mode.unwrap().optional(),
    alias: z.enum(["commit", "deployment"]).default("commit"),
  })
  .refine((inputs) => inputs["image-digest"] === undefined || inputs.releases.length === 1, {
    path: ["image-digest"],
    error: "belongs to one release",
  });
