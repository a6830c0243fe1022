import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import { Release } from "#training/release.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Source } from "./load.ts";

/**
 * The package that the last promotion on this machine named, from `outputs/MODEL/release.json`.
 * @throws BadInputError when nothing was promoted yet.
 */
export async function promotedPackage(
  root: string,
  { env, model, outputs }: Pick<Config, "env" | "model" | "outputs">,
): Promise<Source> {
  const remedy = `npm start -- --env ${env} --model ${model}`;
  const path = resolve(root, outputs, model, "release.json");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) throw new BadInputError(`no release of ${model} in ${path}: ${remedy} makes one`);
  const release = Release.parse(JSON.parse(text));
  if (release.state !== "promoted") {
    throw new BadInputError(
      `${path}: version ${release.version} is ${release.state} and not promoted: ${remedy} goes on`,
    );
  }
  const { version, contentHash, gitSha, runId } = release;
  return {
    folder: await localFolder(root, release.packageUri),
    digest: release.modelDigest,
    lineage: { name: release.model, version, contentHash, runId, ...(gitSha === undefined ? {} : { gitSha }) },
  };
}

async function localFolder(root: string, uri: string): Promise<string> {
  if (!uri.includes("://")) return resolve(root, uri);
  const folder = await mkdtemp(join(tmpdir(), "model-package-"));
  await openStorage(uri, root).download("", folder);
  return folder;
}
