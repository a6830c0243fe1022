import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { promisify } from "node:util";
import type { Config } from "#config/schema.ts";
import type { Candidate, Digest } from "./candidate.ts";
import type { DataFile } from "./data/manifest.ts";

/** The name of a training's content, and the hash of each thing it is made of. */
export type ContentHash = { hash: Digest; ingredients: Candidate["ingredients"] };

export interface Content {
  codeRoot: string; // Slipway's own checkout: training/ and package-lock.json are read
  config: Config;
  files: readonly DataFile[]; // of the data
}

/**
 * One hash over all that decides what a training makes: the model's training and data configuration, the data's bytes,
 * the tree of `training/` but for notebooks, which use it, and the locked packages. Where results go, what they cost, how they are judged or served and how
 * often training is saved on its way do not count, nor does the path of the checkout.
 */
export async function contentHash({ codeRoot, config, files }: Content): Promise<ContentHash> {
  const { architecture, training, data } = config;
  const { root: _dataRoot, ...whatIsRead } = data;
  const { checkpointSeconds: _checkpointSeconds, ...whatIsLearnt } = training;
  const ingredients = {
    config: digestOf({ architecture, training: whatIsLearnt, data: whatIsRead }),
    data: digestOf(files.map(({ key, size, sha256 }) => ({ key, size, sha256 }))),
    code: await treeHash(join(codeRoot, "training"), { without: "notebooks" }),
    lockfile: sha256(await readFile(join(codeRoot, "package-lock.json"))),
  };
  return { hash: digestOf(ingredients), ingredients };
}

/** Names of the ingredients that differ between two trainings. */
export function changedIngredients(
  before: ContentHash["ingredients"],
  after: ContentHash["ingredients"],
): (keyof ContentHash["ingredients"])[] {
  const names = ["config", "data", "code", "lockfile"] as const;
  return names.filter((name) => before[name] !== after[name]);
}

/**
 * A hash over names and bytes of every file under `folder` that git does not ignore: committed or not, the same wherever the
 * folder lies. Outside of git, as in an image, every file counts. Those in the folder `without` do not.
 */
export async function treeHash(folder: string, { without }: { without?: string } = {}): Promise<Digest> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => without === undefined || !path.startsWith(`${without}/`));
  const ignored = await ignoredFiles(folder);
  const counted = paths.filter((path) => !ignored.has(path));
  // a copy inside of a repository that ignores it as a whole is no part of that repository
  const files = (counted.length > 0 ? counted : paths).sort();
  return digestOf(
    await Promise.all(files.map(async (path) => ({ path, sha256: sha256(await readFile(join(folder, path))) }))),
  );
}

async function ignoredFiles(folder: string): Promise<Set<string>> {
  const list = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard"];
  try {
    const { stdout } = await promisify(execFile)("git", list, { cwd: folder, maxBuffer: 64 * 1024 * 1024 });
    return new Set(stdout.split("\0"));
  } catch {
    return new Set(); // no git, or no repository
  }
}

/** The hash of a value: of its JSON, whatever the order of its keys. */
export function digestOf(value: unknown): Digest {
  return sha256(Buffer.from(JSON.stringify(value, withSortedKeys)));
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
