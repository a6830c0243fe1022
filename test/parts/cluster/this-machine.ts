import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readChampion } from "#actions/gitops/champion.ts";
import type { Committer } from "#actions/gitops/committer.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { loadConfig } from "#config/load.ts";
import { settingsText } from "#config/serving.ts";
import { buildImage, docker, startDocker, stopDocker } from "./images.ts";
import { kubectl } from "./kubectl.ts";
import { ctr } from "./node.ts";
import { repositories } from "./place.ts";

type Say = (line: string) => void;
const env = "dev";

/**
 * Lets Argo CD follow what `npm start` promoted on this machine: serves its GitOps repository, builds the images of its
 * models into the node, and applies argocd/local.
 */
export async function serveThisMachine(root: string, say: Say): Promise<void> {
  const folder = join(root, "outputs", env, "gitops");
  const repository = await openLocalRepository({ folder, root });
  const link = join(repositories, "gitops.git");
  await rm(link, { force: true });
  await symlink(join(folder, ".git"), link); // the very repository: the next promotion is seen at once
  for (const model of await readdir(join(root, "manifests/serving/overlays/local"))) {
    await bringImage(model, { root, repository, say });
  }
  await kubectl(["apply", "-f", "-"], await readFile(join(root, "argocd/local/root.yaml"), "utf8"));
}

async function bringImage(
  model: string,
  { root, repository, say }: { root: string; repository: Committer; say: Say },
): Promise<void> {
  const champion = await readChampion(repository, { env, model });
  if (!champion) return say(`${model}: nothing was promoted yet; npm start -- --model ${model} does`);
  const tag = `${champion.image.name}:${champion.image.tag}`;
  if (champion.image.digest) return say(`${model}: ${tag} comes from its registry`);
  if ((await ctr("images", "list", "--quiet")).split("\n").includes(`docker.io/library/${tag}`)) return;
  if (!existsSync(resolve(root, champion.packageUri)))
    return say(`${model}: no image, for its package ${champion.packageUri} is not on this machine`);
  const { serving } = await loadConfig({ root, env, model });
  say(`${model}: building ${tag}`);
  await startDocker();
  try {
    await buildImage("serving/Dockerfile", {
      tag,
      values: {
        MODEL_PACKAGE: champion.packageUri,
        MODEL_DIGEST: champion.modelDigest,
        SERVING: settingsText(serving),
      },
    });
    await importImage(tag);
  } finally {
    await stopDocker();
  }
}

/** Brings an image from Docker to the node, as `minikube image load` does. */
async function importImage(tag: string): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), "slipway-image-"));
  try {
    await docker("save", "--output", join(place, "image.tar"), tag);
    await ctr("images", "import", join(place, "image.tar"));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
