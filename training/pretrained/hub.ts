import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { type Checksum, download } from "#training/data/download.ts";
import type { HubOptions } from "./env.ts";

/** A commit of a model repository on the Hugging Face hub. */
export interface HubModel {
  repository: string; // NAME, or OWNER/NAME
  commit: string;
}

const name = /^[\w.-]+(\/[\w.-]+)?$/;
const commitHash = /^[0-9a-f]{40}$/;

/**
 * The model that `hf://NAME@COMMIT` names; `undefined` for other schemes.
 * @throws BadInputError without a whole commit hash: what a branch or tag names is another model tomorrow.
 */
export function parseHubUri(uri: string): HubModel | undefined {
  if (!uri.startsWith("hf://")) return undefined;
  const [repository = "", commit = ""] = uri.slice("hf://".length).split("@");
  if (!name.test(repository)) throw new BadInputError(`${uri}: ${repository || "nothing"} is no name of a model`);
  if (!commitHash.test(commit))
    throw new BadInputError(`${uri}: a whole commit is needed, as hf://${repository}@COMMIT with its 40 digits`);
  return { repository, commit };
}

/** What the hub says of a file: the SHA-256 of a large one, git's own hash of others. */
const Listing = z.object({
  sha: z.string(),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      blobId: z.string().regex(commitHash),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }).nullish(),
    }),
  ),
});

export interface FetchOptions extends HubOptions {
  info: (message: string) => void;
  signal?: AbortSignal | undefined;
  retryMs?: number;
}

/**
 * Downloads those of `wanted` that the model has to a folder of the cache, which appears whole or not at all, and returns
 * the folder. A download that broke off is continued the next time; every file is checked by the hub's own checksum.
 * @throws BadInputError when the hub can't be reached, does not have the model, or sent another file.
 */
export async function fetchFromHub(
  { repository, commit }: HubModel,
  wanted: readonly string[],
  options: FetchOptions,
): Promise<string> {
  const folder = join(options.cache, repository.replace("/", "--"), commit);
  if (existsSync(folder)) return folder;
  const { endpoint, token } = options;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const staging = `${folder}.partial`;
  await mkdir(staging, { recursive: true });
  const listing = await list(`${endpoint}/api/models/${repository}/revision/${commit}?blobs=true`, headers, options);
  if (listing.sha !== commit) throw new BadInputError(`${endpoint} gives commit ${listing.sha} for ${commit}`);
  for (const { rfilename, blobId, lfs } of listing.siblings) {
    if (!wanted.includes(rfilename)) continue;
    const checksum: Checksum = lfs ? { sha256: lfs.sha256 } : { gitBlob: blobId };
    const url = `${endpoint}/${repository}/resolve/${commit}/${rfilename}`;
    await download(join(staging, rfilename), { ...options, ...checksum, url, headers });
  }
  await mkdir(dirname(folder), { recursive: true });
  await rename(staging, folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    await rm(staging, { recursive: true, force: true }); // another run was faster: the same files
  });
  return folder;
}

const tries = 4;

async function list(url: string, headers: Record<string, string>, options: FetchOptions) {
  const { signal, cache, retryMs = 1_000 } = options;
  const remedy = `without the hub, training.transformer.checkpoint may name a folder with the files, or s3://; what was fetched once lies in ${cache}`;
  for (let fruitless = 1; ; fruitless++) {
    const answer = await ask(url, headers, signal);
    if ("listing" in answer) return answer.listing;
    if (answer.isFinal || fruitless === tries) throw new BadInputError(`${url}: ${answer.reason}; ${remedy}`);
    options.info(`${url}: ${answer.reason}; trying again`);
    await setTimeout(retryMs * 2 ** fruitless * (0.5 + Math.random()), undefined, signal && { signal });
  }
}

type Answer = { listing: z.infer<typeof Listing> } | { reason: string; isFinal: boolean };

async function ask(url: string, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<Answer> {
  try {
    const response = await fetch(url, { headers, ...(signal && { signal }) });
    const { status, statusText, ok } = response;
    const access = [401, 403].includes(status) ? "; HF_TOKEN must be a token that may read it" : "";
    if (!ok)
      return { reason: `the hub answers ${status} ${statusText}${access}`, isFinal: status < 500 && status !== 429 };
    const listing = Listing.safeParse(await response.json());
    if (listing.success) return { listing: listing.data };
    return { reason: `the hub answers what is no list of files: ${z.prettifyError(listing.error)}`, isFinal: true };
  } catch (error) {
    signal?.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { reason: `can't be read: ${cause instanceof Error ? cause.message : cause}`, isFinal: false };
  }
}
