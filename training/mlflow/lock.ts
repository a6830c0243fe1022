import { open, rm, stat, utimes } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const touchMs = 1_000;
const staleMs = 10_000; // the holder died

/** Holds the lock file at `path` until disposed; waits for another holder, and passes over one that died. */
export async function lock(path: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await (await open(path, "wx")).close();
      break;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      const age = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (age > staleMs) await rm(path, { force: true });
      else await sleep(100);
    }
  }
  const touch = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), touchMs);
  touch.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(touch);
      await rm(path, { force: true });
    },
  };
}
