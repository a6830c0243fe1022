import { randomUUID } from "node:crypto";
import { copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Puts at `path` what `fill` writes into a draft beside it: a reader sees the old file or the whole new one, also after a power cut. */
export async function place(path: string, fill: (draft: string) => Promise<void>): Promise<void> {
  await rename(await drafted(path, fill), path);
  await syncFolder(dirname(path));
}

/** Fills a file beside `path` and returns its name. */
export async function drafted(path: string, fill: (draft: string) => Promise<void>): Promise<string> {
  const draft = `${path}.tmp-${randomUUID()}`;
  await makeFolder(dirname(path));
  try {
    await fill(draft);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return draft;
}

/** Writes a file that is not there yet. */
export async function writeDurably(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, "wx");
  await file.writeFile(bytes);
  await file.sync();
}

export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await using file = await open(to, "r+");
  await file.sync();
}

/** Makes a new name in `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}
