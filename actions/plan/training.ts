import type { Overlay } from "#actions/gitops/overlay.ts";
import type { Config } from "#config/schema.ts";
import { Candidate } from "#training/candidate.ts";
import { candidatePrefix, candidateUri } from "#training/candidate-store.ts";
import { type ContentHash, changedIngredients, contentHash } from "#training/content-hash.ts";
import { expectedManifest } from "#training/data/manifest.ts";
import { checkpointContent } from "#training/pretrained/files.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Storage } from "#training/storage/storage.ts";

/** Whether a model has to be trained, and why. `reuse`: its content was trained before, but is not in production. */
export type TrainingPlan = { kind: "train" | "reuse" | "nothing"; reason: string };

export interface TrainingParts {
  root: string; // the models' repository
  codeRoot: string; // Slipway's own checkout
  storage: Storage; // of the models
  champion: Overlay | undefined;
}

/** Whether a model has to be trained: not when its content was trained before. Reads only. */
export async function planTraining(
  config: Config,
  { root, codeRoot, storage, champion }: TrainingParts,
): Promise<TrainingPlan> {
  const files = await expectedManifest(config.data, { root, codeRoot });
  if (!files) {
    const reason =
      "its data is not here yet: once it is brought, training finds whether this content was trained before";
    return { kind: "train", reason };
  }
  const checkpoint = await checkpointContent(config, root);
  const content = await contentHash({ codeRoot, config, files: [...files, ...checkpoint] });
  if (champion?.contentHash === content.hash)
    return { kind: "nothing", reason: `version ${champion.version} was made of the same content` };
  const key = `${candidatePrefix(config.model, content.hash)}/candidate/candidate.json`;
  if ((await storage.stat(key)) !== undefined) return { kind: "reuse", reason: "this content was trained before" };
  if (!champion) return { kind: "train", reason: "there is no champion yet" };
  const changed = await changesSince(champion, { root, ingredients: content.ingredients });
  if (!changed) return { kind: "train", reason: `its content differs from that of version ${champion.version}` };
  return { kind: "train", reason: `changed since version ${champion.version}: ${changed.join(", ")}` };
}

/** What differs from the champion; `undefined` where its candidate can't be read, as from a fork without credentials. */
async function changesSince(
  { packageUri }: Overlay,
  { root, ingredients }: { root: string; ingredients: ContentHash["ingredients"] },
): Promise<string[] | undefined> {
  const bytes = await openStorage(candidateUri(packageUri), root)
    .read("candidate.json")
    .catch(() => undefined);
  const candidate = bytes && Candidate.safeParse(JSON.parse(bytes.toString()));
  return candidate?.success ? changedIngredients(candidate.data.ingredients, ingredients) : undefined;
}
