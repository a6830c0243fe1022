import type { Overlay } from "#actions/gitops/overlay.ts";
import type { Config } from "#config/schema.ts";
import { Candidate } from "#training/candidate.ts";
import { candidatePrefix } from "#training/candidate-store.ts";
import { changedIngredients, contentHash } from "#training/content-hash.ts";
import { dataManifest } from "#training/data/manifest.ts";
import { isDataThere } from "#training/data/source.ts";
import type { Storage } from "#training/storage/storage.ts";

/** What the road would do with a model, and why. */
export type Plan = { kind: "train" | "reuse" | "nothing"; reason: string };

export interface PlanParts {
  root: string; // the models' repository
  codeRoot: string; // Slipway's own checkout
  storage: Storage;
  champion: Overlay | undefined;
}

/** Whether a model has to be trained: not when its content was trained before. Reads only. */
export async function plan(config: Config, { root, codeRoot, storage, champion }: PlanParts): Promise<Plan> {
  if (!(await isDataThere(config.data, root)))
    return { kind: "train", reason: "its data is not here yet and is brought first" };
  const files = await dataManifest(config.data, { root });
  const content = await contentHash({ codeRoot, config, files });
  const candidate = (hash: typeof content.hash) =>
    storage.read(`${candidatePrefix(config.model, hash)}/candidate/candidate.json`);
  if (champion?.contentHash === content.hash)
    return { kind: "nothing", reason: `version ${champion.version} was made of the same content` };
  if (await candidate(content.hash)) return { kind: "reuse", reason: "this content was trained before" };
  if (!champion) return { kind: "train", reason: "there is no champion yet" };
  const bytes = await candidate(champion.contentHash);
  if (!bytes) return { kind: "train", reason: `its content differs from that of version ${champion.version}` };
  const changed = changedIngredients(Candidate.parse(JSON.parse(bytes.toString())).ingredients, content.ingredients);
  return { kind: "train", reason: `changed since version ${champion.version}: ${changed.join(", ")}` };
}
