import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { BadInputError } from "#config/bad-input.ts";
import type { Digest } from "#training/candidate.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import { digestsFile, parseDigests, sha256 } from "#training/package/digests.ts";

/**
 * Copies the package in `folder` to an artifact root of MLflow and reads every file back. Throws a `BadInputError` that
 * names the file where the folder is not the package of `digest`, and an error where MLflow gives other bytes back.
 */
export async function uploadPackage(
  client: MlflowClient,
  from: { folder: string; digest: Digest },
  artifactUri: string,
): Promise<void> {
  const files = await verifiedFiles(from.folder, from.digest);
  for (const path of files.keys()) {
    await client.uploadArtifact(artifactUri, path, { file: join(from.folder, path) });
  }
  for (const [path, digest] of files) {
    const stored = sha256(await client.downloadArtifact(artifactUri, path));
    if (stored === digest) continue;
    throw new Error(
      `${artifactUri}/${path}: MLflow gives back ${stored}, ${digest} was uploaded; nothing was registered. Look at its artifact store and try again`,
    );
  }
}

async function verifiedFiles(folder: string, digest: Digest): Promise<Map<string, Digest>> {
  const list = await readFile(join(folder, digestsFile)).catch((cause: unknown) => {
    throw new BadInputError(`${join(folder, digestsFile)}: cannot be read; is this a model package?`, { cause });
  });
  if (sha256(list) !== digest) {
    throw new BadInputError(
      `${join(folder, digestsFile)}: is ${sha256(list)}, not the candidate's ${digest}; train again`,
    );
  }
  const files = parseDigests(list.toString("utf8"));
  for (const [path, expected] of files) {
    const actual = await digestOfFile(join(folder, path));
    if (actual !== expected)
      throw new BadInputError(`${join(folder, path)}: is ${actual}, the package says ${expected}; train again`);
  }
  return files.set(digestsFile, digest);
}

async function digestOfFile(path: string): Promise<Digest> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash).catch((cause: unknown) => {
    throw new BadInputError(`${path}: cannot be read; train again`, { cause });
  });
  return `sha256:${hash.digest("hex")}`;
}
