import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { temporary } from "./key.ts";
import type { Progress, StoredObject } from "./storage.ts";

/** Every finished file beneath `folder`, sorted; keys are relative to it. Links are left out. Fails where there is no folder. */
export async function filesBeneath(folder: string): Promise<StoredObject[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !temporary.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const base = join(folder, "/").length;
  const files = await Promise.all(
    paths.map(async (path) => {
      const size = (await stat(path).catch(() => undefined))?.size; // it may just have been deleted
      return size === undefined ? [] : [{ key: path.slice(base).replaceAll("\\", "/"), size }];
    }),
  );
  return files.flat().sort((a, b) => (a.key < b.key ? -1 : 1));
}

/**
 * The files of `folder` that are to be uploaded, and apart from them the one named `last`.
 * @throws Error when the folder does not hold `last`.
 */
export async function filesToUpload(
  folder: string,
  last?: string,
): Promise<{ first: StoredObject[]; last: StoredObject[] }> {
  const files = await filesBeneath(folder);
  const end = files.filter((file) => file.key === last);
  if (last !== undefined && end.length === 0) throw new Error(`${folder} holds no ${last} to upload last`);
  return { first: files.filter((file) => file.key !== last), last: end };
}

/** Adds up what is moved of `objects` and tells it: call the result with a key and the bytes of it that are there by now. */
export function progressOf(
  objects: readonly StoredObject[],
  onProgress: ((progress: Progress) => void) | undefined,
): (key: string, bytes: number) => void {
  const moved = new Map<string, number>();
  const totalBytes = objects.reduce((sum, object) => sum + object.size, 0);
  let bytes = 0;
  return (key, now) => {
    const before = moved.get(key) ?? 0;
    if (now < before) return; // a copy that began again tells nothing new
    bytes += now - before;
    moved.set(key, now);
    onProgress?.({ key, bytes, totalBytes });
  };
}
