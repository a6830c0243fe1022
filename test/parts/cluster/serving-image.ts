import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { writeIrisPackage } from "#test/parts/iris-served.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { buildImage, pushImage } from "./images.ts";
import { registryHost } from "./place.ts";
import type { Built } from "./promotions.ts";

const root = resolve(import.meta.dirname, "../../..");
const parts = ["config", "serving", "training", "package.json", "package-lock.json", ".dockerignore"];

/** A serving image around an iris model, built by the Dockerfile as it is and pushed to the cluster's registry. */
export async function makeServingImage(tag: string, model: LayersModel): Promise<Built> {
  await using context = await temporaryFolder();
  for (const name of parts) await cp(join(root, name), join(context.path, name), { recursive: true });
  const { digest: modelDigest } = await writeIrisPackage(join(context.path, "candidate/model"), model);
  const name = `${registryHost}/iris`;
  await buildImage("serving/Dockerfile", {
    tag: `${name}:${tag}`,
    context: context.path,
    values: { MODEL_DIGEST: modelDigest },
  });
  return { modelDigest, image: { name, tag, digest: await pushImage(`${name}:${tag}`) } };
}
