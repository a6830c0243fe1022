import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Committer } from "./committer.ts";
import { type Overlay, overlayPath, readOverlay } from "./overlay.ts";

/** The model that is in production, as the GitOps repository says; `undefined` before the first promotion. */
export async function readChampion(
  committer: Committer,
  { env, model }: { env: string; model: string },
): Promise<Overlay | undefined> {
  const source = await committer.read(await committer.head(), overlayPath(env, model));
  return source === undefined ? undefined : readOverlay(source);
}

/** The same, as the checkout at `root` says. */
export async function championInCheckout(
  root: string,
  { env, model }: { env: string; model: string },
): Promise<Overlay | undefined> {
  const source = await readFile(join(root, overlayPath(env, model)), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined; // the model is not served there
    throw error;
  });
  return source === undefined ? undefined : readOverlay(source);
}
