import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { Serving, settingsText } from "#config/serving.ts";
import { writeIrisPackage } from "#test/parts/iris-served.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import type { Digest } from "#training/candidate.ts";
import { buildImage, pushImage } from "./images.ts";
import { registryHost } from "./place.ts";
import type { Built } from "./promotions.ts";

const root = resolve(import.meta.dirname, "../../..");
/** What the images take of a body, as a model's configuration may say. */
export const bodyLimitBytes = 2000;

const parts = ["config", "serving", "training", "package.json", "package-lock.json", ".dockerignore"];

/** What a serving image is built of: this checkout's files, and an iris model's package. */
export async function servingContext(
  model: LayersModel,
): Promise<AsyncDisposable & { path: string; packageFolder: string; modelDigest: Digest }> {
  const context = await temporaryFolder();
  for (const name of parts) await cp(join(root, name), join(context.path, name), { recursive: true });
  const packageFolder = join(context.path, "candidate/model");
  const { digest: modelDigest } = await writeIrisPackage(packageFolder, model);
  return { ...context, packageFolder, modelDigest };
}

/** A serving image around an iris model, built by the Dockerfile as it is and pushed to the cluster's registry. */
export async function makeServingImage(tag: string, model: LayersModel): Promise<Built> {
  await using context = await servingContext(model);
  const { path, modelDigest } = context;
  const name = `${registryHost}/iris`;
  const values = { MODEL_DIGEST: modelDigest, SERVING: settingsText(Serving.parse({ bodyLimitBytes })) };
  await buildImage("serving/Dockerfile", { tag: `${name}:${tag}`, context: path, values });
  return { modelDigest, image: { name, tag, digest: await pushImage(`${name}:${tag}`) } };
}
