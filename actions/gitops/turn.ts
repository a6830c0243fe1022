import { open, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const abandonedMs = 30_000; // no turn takes as long, unless its holder died
const pollMs = 20;

/**
 * Does `work` while no other process on this machine has its turn at `lockFile`, so that none computes in vain. Only a
 * courtesy, nothing may rely on it: a turn that seems abandoned is taken over.
 */
export async function inTurn<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  while (!(await tryLock(lockFile))) {
    if (await isAbandoned(lockFile)) await rm(lockFile, { force: true });
    else await sleep(Math.random() * 2 * pollMs);
  }
  try {
    return await work();
  } finally {
    await rm(lockFile, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const changed = await stat(path).catch(() => undefined); // gone in between: not abandoned, free
  return changed !== undefined && Date.now() - changed.mtimeMs > abandonedMs;
}
