import { randomUUID } from "node:crypto";
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Storage } from "./storage.ts";

/** Names of files that are still being written; no reader sees them. */
const temporary = /\.tmp-[0-9a-f-]{36}$/;

/** Objects as files of `folder`, which is made at the first write. Every write survives a power cut once it has returned. */
export function createFolderStorage(folder: string): Storage {
  const at = (key: string) => join(folder, checkedKey(key));

  const list = async (prefix: string): Promise<string[]> => {
    const base = prefix === "" ? folder : at(prefix);
    const entries = await readdir(base, { recursive: true, withFileTypes: true }).catch(absent);
    const files = (entries ?? []).filter((entry) => entry.isFile() && !temporary.test(entry.name));
    return files
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll("\\", "/"),
      )
      .sort();
  };

  return {
    uri: folder,
    read: (key) => readFile(at(key)).catch(absent),
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
    async upload(source, prefix, { last } = {}) {
      const names = await filesOf(source);
      if (last !== undefined && !names.includes(last)) throw new Error(`${source} holds no ${last} to upload last`);
      const ordered = last === undefined ? names : [...names.filter((name) => name !== last), last];
      for (const name of ordered) await place(at(`${prefix}/${name}`), (path) => copyDurably(join(source, name), path));
    },
    async download(prefix, target) {
      for (const key of await list(prefix)) {
        const path = join(target, key.slice(prefix === "" ? 0 : prefix.length + 1));
        await place(path, (draft) => copyDurably(at(key), draft));
      }
    },
    list,
    delete: (key) => rm(at(key), { force: true }),
  };
}

function checkedKey(key: string): string {
  const parts = key.split("/");
  const climbs = parts.some((part) => part === "" || part === "." || part === ".." || /[\\\0]/.test(part));
  if (climbs || temporary.test(key)) {
    throw new BadInputError(
      `${JSON.stringify(key)} can't name an object: use names joined by single slashes, without . or ..`,
    );
  }
  return key;
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "/").length).replaceAll("\\", "/"))
    .sort();
}

/** Fills a file beside `path` and returns its name. */
async function drafted(path: string, fill: (draft: string) => Promise<void>): Promise<string> {
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

async function place(path: string, fill: (draft: string) => Promise<void>): Promise<void> {
  await rename(await drafted(path, fill), path);
  await syncFolder(dirname(path));
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, "wx");
  await file.writeFile(bytes);
  await file.sync();
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await using file = await open(to, "r+");
  await file.sync();
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Makes a new name in `folder` durable. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

function absent(error: unknown): undefined {
  if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return undefined;
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
