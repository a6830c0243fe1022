import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const abandonedMs = 10_000; // the work under it takes milliseconds: who held it longer is gone
const pollMs = 10;

/** Does `work` while no other process does any under the lock file `path`. The lock of a process that died is taken over after ten seconds. */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const owner = randomUUID();
  while (!(await acquire(path, owner))) await sleep(pollMs);
  try {
    return await work();
  } finally {
    if ((await readFile(path, "utf8").catch(() => "")) === owner) await rm(path, { force: true });
  }
}

async function acquire(path: string, owner: string): Promise<boolean> {
  try {
    await writeFile(path, owner, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const lock = await stat(path).catch(() => undefined); // released just now
  if (lock && Date.now() - lock.mtimeMs > abandonedMs) await takeAway(path, lock.ino);
  return false;
}

// of several that find the same abandoned lock one rename succeeds, and it may have caught a fresh lock, which goes back
async function takeAway(path: string, inode: number): Promise<void> {
  const aside = `${path}.tmp-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return; // another was faster
  }
  if ((await stat(aside)).ino !== inode) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
