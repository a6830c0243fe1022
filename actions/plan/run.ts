import { imageTag } from "#actions/gitops/image-tag.ts";
import type { Overlay } from "#actions/gitops/overlay.ts";
import type { Config } from "#config/schema.ts";
import type { Digest } from "#training/candidate.ts";
import { planTraining, type TrainingParts, type TrainingPlan } from "./training.ts";

/**
 * What the road does with a model, and why. `rebuild`: an image around the model in production, because what serves it has
 * changed. `release`: the package that runs in dev, for an environment that does not train.
 */
export type Plan =
  | TrainingPlan
  | { kind: "rebuild" | "release"; reason: string; packageUri: string; modelDigest: Digest };

export interface PlanParts extends TrainingParts {
  server: Digest; // of what serves the model: `serverDigest`
  /** What runs in dev; asked only for an environment that does not train. */
  devRelease: () => Promise<Overlay | undefined>;
}

/** The environment where models are trained first. */
export const firstEnvironment = "dev";

/** Decides by the content of the model and of its image. Reads only. */
export async function plan(config: Config, parts: PlanParts): Promise<Plan> {
  const trains = config.env === firstEnvironment || config.promotion.retrain;
  const made = trains ? await planTraining(config, parts) : planRelease(parts.champion, await parts.devRelease());
  return made.kind === "nothing" && parts.champion ? (planImage(config.model, parts) ?? made) : made;
}

function planRelease(champion: Overlay | undefined, dev: Overlay | undefined): Plan {
  if (!dev) return { kind: "nothing", reason: `nothing runs in ${firstEnvironment} yet that could be released` };
  const { version, packageUri, modelDigest } = dev;
  if (champion?.modelDigest === modelDigest)
    return { kind: "nothing", reason: `version ${champion.version} is the model that runs in ${firstEnvironment}` };
  return { kind: "release", reason: `version ${version} runs in ${firstEnvironment}`, packageUri, modelDigest };
}

function planImage(model: string, { champion, server }: Pick<PlanParts, "champion" | "server">): Plan | undefined {
  if (!champion) return undefined;
  const { version, modelDigest, packageUri, image } = champion;
  if (image.tag === imageTag({ model, modelDigest, server })) return undefined;
  const reason = `what serves version ${version} has changed since its image ${image.tag}`;
  return { kind: "rebuild", reason, packageUri, modelDigest };
}
