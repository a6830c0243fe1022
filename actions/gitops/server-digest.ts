import { join } from "node:path";
import { type Serving, settingsOf } from "#config/serving.ts";
import type { Digest } from "#training/candidate.ts";
import { digestOf, treeHash } from "#training/content-hash.ts";

/** A digest of the code that serves models: the folder `serving/` of Slipway's checkout. */
export function servingTree(codeRoot: string): Promise<Digest> {
  return treeHash(join(codeRoot, "serving"));
}

/** A digest of all in a serving image but the model: the code (`servingTree`), and the image's settings. */
export function serverDigest(tree: Digest, serving: Serving): Digest {
  return digestOf({ tree, settings: settingsOf(serving) });
}
