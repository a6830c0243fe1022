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
