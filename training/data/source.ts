import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, posix, resolve } from "node:path";
import type { Readable } from "node:stream";
import { BadInputError } from "#config/bad-input.ts";
import type { Data } from "#config/schema.ts";
import { createFolderStorage } from "#training/storage/folder.ts";
import { openStorage } from "#training/storage/open.ts";
import { downloadCifar10 } from "./cifar10-download.ts";

export interface SourceOptions {
  /** The folder that a relative `data.root` starts from; the current one when absent. */
  root?: string;
  /** Told what a person may want to know, such as that a sample was copied. */
  info?: (message: string) => void;
  /** Ends a download by throwing its reason. */
  signal?: AbortSignal | undefined;
}

/** The files of one data set. Keys are relative to `data.root` and joined by `/`. */
export interface Source {
  /** Every file, sorted by key; `size` in bytes. */
  readonly files: readonly { key: string; size: number }[];
  readonly info: (message: string) => void;
  /** What a person calls the file. */
  name(key: string): string;
  open(key: string): Readable;
}

const samples = join(import.meta.dirname, "samples");

/**
 * Finds the data at `data.path` under `data.root`: a file, or every file of a folder, here or in S3. Where a local file
 * or folder is missing and the repository has a sample of that name, the sample is copied there first; CIFAR-10 is
 * downloaded.
 * @throws BadInputError when there is nothing.
 */
export async function openSource(data: Data, { root = process.cwd(), info, signal }: SourceOptions): Promise<Source> {
  const tell = (message: string) => info?.(message);
  if (data.root.includes("://")) return openStored(data, tell);
  const folder = resolve(root, data.root);
  const name = (key: string) => join(data.root, key);
  const fetched = () => fetchMissing(data, { folder, info: tell, signal });
  const files = (await filesAt(folder, data.path)) ?? (await fetched());
  if (files === undefined) {
    throw new BadInputError(
      `${name(data.path)}: no such file in ${folder}; put the data there, or mend data.root and data.path`,
    );
  }
  if (files.length === 0)
    throw new BadInputError(`${name(data.path)}: the folder ${join(folder, data.path)} holds no files`);
  return { files, info: tell, name, open: (key) => createReadStream(join(folder, key)) };
}

/** Whether the data is where the configuration says, so that reading it brings nothing first. An s3:// root counts as there. */
export async function isDataThere(data: Data, root: string): Promise<boolean> {
  if (data.root.includes("://")) return true;
  return (await filesAt(resolve(root, data.root), data.path)) !== undefined;
}

/** The tracked sample of data at `path`, a file or a folder, which is copied there where it is missing: its own path. */
export async function findSample(path: string, folder = samples): Promise<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sample = entries.find((entry) => entry.name === basename(path) && entry.name !== readme);
  return sample && join(folder, sample.name);
}

const readme = "README.md";

async function openStored({ root, path }: Data, info: (message: string) => void): Promise<Source> {
  const storage = openStorage(root);
  const name = (key: string) => `${storage.uri}/${key}`;
  const file = await storage.stat(path);
  const files = file === undefined ? await storage.entries(path) : [file];
  if (files.length === 0) {
    throw new BadInputError(`${name(path)}: no such object; put the data there, or mend data.root and data.path`);
  }
  return { files, info, name, open: (key) => storage.open(key) };
}

async function filesAt(folder: string, path: string): Promise<Source["files"] | undefined> {
  const entry = await stat(join(folder, path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (entry === undefined) return undefined;
  if (entry.isFile()) return [{ key: path, size: entry.size }];
  const entries = await readdir(join(folder, path), { recursive: true, withFileTypes: true });
  const keys = entries
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(folder.length + 1));
  const files = keys
    .sort()
    .map(async (key) => ({ key: key.replaceAll("\\", "/"), size: (await stat(join(folder, key))).size }));
  return Promise.all(files);
}

interface Fetching {
  folder: string;
  info: (message: string) => void;
  signal: AbortSignal | undefined;
}

/** Brings data that is not there from where it can be had. */
async function fetchMissing(data: Data, { folder, info, signal }: Fetching): Promise<Source["files"] | undefined> {
  if (data.format !== "cifar10") return copiedSample(folder, data.path, info);
  await downloadCifar10(join(folder, data.path), data.download, { info, signal });
  return filesAt(folder, data.path);
}

async function copiedSample(
  folder: string,
  path: string,
  info: (message: string) => void,
): Promise<Source["files"] | undefined> {
  const sample = await findSample(path);
  if (sample === undefined) return undefined;
  const files = (await filesAt(dirname(sample), basename(sample))) ?? [];
  const target = createFolderStorage(folder);
  const areCopied = files.map(async ({ key }) =>
    target.writeNew(sampleKey(path, key), await readFile(join(dirname(sample), key))),
  );
  if ((await Promise.all(areCopied)).some(Boolean))
    info(`copied the sample ${basename(sample)} to ${join(folder, path)}`);
  return filesAt(folder, path);
}

/** Where a sample's file is copied to, for data at `path`. */
export function sampleKey(path: string, key: string): string {
  return posix.join(path, posix.relative(basename(path), key));
}
