import type { Digest } from "#training/candidate.ts";

const digits = 12; // 48 bits: no two images of one model in a lifetime share them

/**
 * The tag of a serving image, made of what is in it: the model's package and what serves it (`serverDigest`). It never
 * moves, so a registry may keep it immutable.
 */
export function imageTag(content: { model: string; modelDigest: Digest; server: Digest }): string {
  const short = (digest: Digest) => digest.slice("sha256:".length, "sha256:".length + digits);
  return `${content.model}-${short(content.modelDigest)}-${short(content.server)}`;
}
