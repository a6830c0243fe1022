import { z } from "zod";
import { Digest } from "./candidate.ts";
import { Verdict } from "./verdict.ts";

const registered = {
  model: z.string(),
  env: z.string(),
  version: z.string(), // of the MLflow registered model
  modelDigest: Digest,
  contentHash: Digest,
  trackingUri: z.url(),
  runId: z.string(),
  modelId: z.string(),
  gitSha: z.string().optional(),
  packageUri: z.string(), // folder or s3:// of the model package
  metric: z.strictObject({ name: z.string(), value: z.number() }).optional(), // absent where nothing was judged anew
  verdict: Verdict.pick({ kind: true, reason: true }).optional(), // likewise
  registeredAt: z.iso.datetime(),
};

/** An image by content tag, and by digest once it was pushed. */
export const Image = z.strictObject({ name: z.string(), tag: z.string(), digest: Digest.optional() });

/** `release.json`: how far a candidate has come. */
export const Release = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("registered"), ...registered }),
  z.strictObject({ state: z.literal("built"), ...registered, image: Image }),
  z.strictObject({
    state: z.literal("promoted"),
    ...registered,
    image: Image,
    commit: z.strictObject({ repository: z.string(), branch: z.string(), sha: z.string() }),
    promotedAt: z.iso.datetime(),
  }),
]);

export type Image = z.infer<typeof Image>;
export type Release = z.infer<typeof Release>;
