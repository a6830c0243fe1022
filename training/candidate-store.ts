import { existsSync } from "node:fs";
import { join } from "node:path";
import { Candidate, type Digest } from "./candidate.ts";
import { readJsonFile } from "./json-file.ts";
import type { Storage } from "./storage/storage.ts";

const marker = "candidate/candidate.json"; // written last: where it is, all is

/** Where everything of one training lies in a storage: `MODEL/HASH`, the hash's first 16 hexadecimal digits. */
export function candidatePrefix(model: string, contentHash: Digest): string {
  return `${model}/${contentHash.slice("sha256:".length, "sha256:".length + 16)}`;
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
