import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const touchMs = 1_000;
const staleMs = 10_000; // the holder died
const settleMs = 300; // after which the last of several that took a dead one's lock is known

/** Holds the lock file at `path` until disposed; waits for another holder, and takes the lock of one that died. */
export async function lock(path: string): Promise<AsyncDisposable> {
  const mine = randomUUID();
  while (!((await create(path, mine)) || (await takeStale(path, mine)))) await sleep(100);
  const touch = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), touchMs);
  touch.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(touch);
      if (await holds(path, mine)) await rm(path, { force: true });
    },
  };
}

async function create(path: string, mine: string): Promise<boolean> {
  try {
    await writeFile(path, mine, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

// Removing a dead one's lock could remove that of somebody who just did the same: replace it, and see who was last
async function takeStale(path: string, mine: string): Promise<boolean> {
  const touched = await stat(path).catch(() => undefined);
  if (touched === undefined || Date.now() - touched.mtimeMs < staleMs) return false;
  await writeFile(`${path}.${mine}`, mine);
  await rename(`${path}.${mine}`, path);
  await sleep(settleMs);
  return await holds(path, mine);
}

async function holds(path: string, mine: string): Promise<boolean> {
  return (await readFile(path, "utf8").catch(() => "")) === mine;
}
