import { join } from "node:path";
import { type Serving, settingsOf } from "#config/serving.ts";
import type { Digest } from "#training/candidate.ts";
import { digestOf, treeHash } from "#training/content-hash.ts";

/** A digest of all in a serving image but the model: the tree of `serving/` of Slipway's checkout, and the image's settings. */
export async function serverDigest(codeRoot: string, serving: Serving): Promise<Digest> {
  return digestOf({ tree: await treeHash(join(codeRoot, "serving")), settings: settingsOf(serving) });
}
