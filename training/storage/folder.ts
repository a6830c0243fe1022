import { createReadStream } from "node:fs";
import { link, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyDurably, drafted, place, syncFolder, writeDurably } from "./durable-file.ts";
import { withFileLock } from "./file-lock.ts";
import { checkedKey } from "./key.ts";
import { filesBeneath, filesToUpload, progressOf } from "./local-files.ts";
import type { Storage, StoredObject } from "./storage.ts";

/** Objects as files of `folder`, which is made at the first write. Every write survives a power cut once it has returned. */
export function createFolderStorage(folder: string): Storage {
  const at = (key: string) => join(folder, checkedKey(key));

  const entries = async (prefix: string): Promise<StoredObject[]> => {
    const files = (await filesBeneath(prefix === "" ? folder : at(prefix)).catch(absent)) ?? [];
    return prefix === "" ? files : files.map(({ key, size }) => ({ key: `${prefix}/${key}`, size }));
  };

  return {
    uri: folder,
    read: (key) => readFile(at(key)).catch(absent),
    open: (key) => createReadStream(at(key)),
    async stat(key) {
      const file = await stat(at(key)).catch(absent);
      return file?.isFile() ? { key, size: file.size } : undefined;
    },
    write: (key, bytes) => place(at(key), (path) => writeDurably(path, bytes)),
    async writeNew(key, bytes) {
      const path = at(key);
      const draft = await drafted(path, (to) => writeDurably(to, bytes));
      try {
        await link(draft, path);
        await syncFolder(dirname(path));
        return true;
      } catch (error) {
        if (codeOf(error) === "EEXIST") return false;
        throw error;
      } finally {
        await rm(draft, { force: true });
      }
    },
    async swap(key, expected, bytes) {
      const path = at(key);
      if ((await stat(path).catch(absent)) === undefined) return false; // nor is there a folder for the lock
      return await withFileLock(`${path}.tmp-lock`, async () => {
        const current = await readFile(path).catch(absent);
        if (!current?.equals(expected)) return false;
        await place(path, (draft) => writeDurably(draft, bytes));
        return true;
      });
    },
    async upload(source, prefix, { last, onProgress } = {}) {
      const files = await filesToUpload(source, last);
      const ordered = [...files.first, ...files.last];
      const moved = progressOf(ordered, onProgress);
      for (const { key, size } of ordered) {
        await place(at(`${prefix}/${key}`), (path) => copyDurably(join(source, key), path));
        moved(key, size);
      }
    },
    async download(prefix, target, { onProgress } = {}) {
      const objects = await entries(prefix);
      const moved = progressOf(objects, onProgress);
      for (const { key, size } of objects) {
        const path = join(target, key.slice(prefix === "" ? 0 : prefix.length + 1));
        await place(path, (draft) => copyDurably(at(key), draft));
        moved(key, size);
      }
    },
    list: async (prefix) => (await entries(prefix)).map((object) => object.key),
    entries,
    delete: (key) => rm(at(key), { force: true }),
  };
}

function absent(error: unknown): undefined {
  if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return undefined;
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
