import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import { Candidate, type Digest } from "./candidate.ts";
import { readJsonFile } from "./json-file.ts";
import { openStorage } from "./storage/open.ts";
import type { Storage } from "./storage/storage.ts";

const marker = "candidate/candidate.json"; // written last: where it is, all is

/** Where everything of one training lies in a storage: `MODEL/HASH`, the hash's first 16 hexadecimal digits. */
export function candidatePrefix(model: string, contentHash: Digest): string {
  return `${model}/${contentHash.slice("sha256:".length, "sha256:".length + 16)}`;
}

/** Where the package of a candidate stays: a folder relative to the models' repository, or s3://. */
export function packageUriOf(
  { models }: Pick<Config, "models">,
  { model, contentHash }: Pick<Candidate, "model" | "contentHash">,
): string {
  return `${models.uri}/${candidatePrefix(model, contentHash)}/candidate/model`;
}

/** The candidate of a content hash, brought to `folder` if it is not there; `undefined` when none was trained. */
export async function fetchCandidate(
  storage: Storage,
  folder: string,
  { model, contentHash }: { model: string; contentHash: Digest },
): Promise<Candidate | undefined> {
  const prefix = candidatePrefix(model, contentHash);
  if ((await storage.read(`${prefix}/${marker}`)) === undefined) return undefined;
  if (!existsSync(join(folder, marker))) await storage.download(prefix, folder);
  return await readJsonFile(join(folder, marker), Candidate);
}

/**
 * Brings the candidate whose package stays at `packageUri` (a folder relative to `root`, or s3://) into a fresh `folder`.
 * @throws BadInputError where it is not there, or is not the one of `modelDigest`.
 */
export async function bringCandidate(
  { packageUri, modelDigest }: { packageUri: string; modelDigest: Digest },
  { folder, root }: { folder: string; root: string },
): Promise<Candidate> {
  await rm(folder, { recursive: true, force: true });
  await openStorage(candidateUri(packageUri), root).download("", folder);
  const path = join(folder, basename(marker));
  if (!existsSync(path))
    throw new BadInputError(
      `${packageUri}: no candidate lies there; was it trained on another machine? Name an s3:// in models.uri`,
    );
  const candidate = await readJsonFile(path, Candidate);
  if (candidate.modelDigest === modelDigest) return candidate;
  throw new BadInputError(`${packageUri}: holds ${candidate.modelDigest}, not ${modelDigest}`);
}

/** Where the candidate lies whose package stays at `packageUri`. */
export function candidateUri(packageUri: string): string {
  return packageUri.replace(/\/+[^/]*\/*$/, "");
}
