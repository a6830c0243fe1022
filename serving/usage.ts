import { closeSync, openSync, readSync } from "node:fs";

/** What a request took. */
export interface Usage {
  readonly latencyMs: number; // from its headers to its answer
  readonly memoryBytes: number; // change of the process's resident memory meanwhile
  readonly cpuMs: number; // spent on it
}

/** The clocks of one request while it is worked on. */
export interface Account {
  readonly startMs: number; // performance.now()
  readonly startBytes: number;
  cpuMs: number; // of what is over
  cpuFromMs: number | undefined; // the process's CPU time when the present stretch began; undefined outside of one
}

/** Keeps the accounts of requests; see `createUsageMeter`. */
export type UsageMeter = ReturnType<typeof createUsageMeter>;

const freshMs = 1;

/**
 * Latency by the monotonic clock; CPU time and resident memory of the process. A reading of CPU time costs 0.5 us, one of
 * memory 2.5: `process.memoryUsage.rss()` opens, reads and closes a file under /proc each time, here one stays open
 * (Linux; elsewhere it is that function). CPU time is the whole process's, helper threads with it, because Linux
 * brings a single thread's (`process.threadCpuUsage`) up to date only every 4 ms, and most requests would take 0.
 *
 * A request is worked on in stretches during which nothing else runs on this thread: from the moment its body is there
 * until the model is asked elsewhere, and from there to its answer. CPU time is the sum of these and of what the model's
 * process says it spent, so it is the request's own however many are under way; reading the body is not in it. Memory is read at the end of each request, and at its start unless that was done within the last millisecond: its change is the process's, whichever
 * request caused it. The kernel counts it in batches of pages, per processor: most requests change it by nothing, and a
 * sum over many says more than one.
 */
export function createUsageMeter() {
  const memory = openMemory();
  let last = { bytes: 0, atMs: -Infinity };
  const read = (nowMs: number): number => {
    last = { bytes: memory.bytes(), atMs: nowMs };
    return last.bytes;
  };
  const cpuNow = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const pause = (account: Account) => {
    if (account.cpuFromMs !== undefined) account.cpuMs += cpuNow() - account.cpuFromMs;
    account.cpuFromMs = undefined;
  };
  return {
    /** Opens an account; its first stretch begins with `resume`. */
    open(): Account {
      const startMs = performance.now();
      const startBytes = startMs - last.atMs < freshMs ? last.bytes : read(startMs);
      return { startMs, startBytes, cpuMs: 0, cpuFromMs: undefined };
    },
    /** Ends a stretch: other requests run now. */
    pause,
    /** Begins a stretch. */
    resume(account: Account): void {
      account.cpuFromMs ??= cpuNow();
    },
    /** Ends the last stretch, and says what they come to. */
    close(account: Account): Usage {
      pause(account);
      const nowMs = performance.now();
      return {
        latencyMs: nowMs - account.startMs,
        memoryBytes: read(nowMs) - account.startBytes,
        cpuMs: account.cpuMs,
      };
    },
    end: memory.close,
  };
}

function openMemory(): { bytes(): number; close(): void } {
  if (process.platform !== "linux") return { bytes: () => process.memoryUsage.rss(), close: () => undefined };
  const file = openSync("/proc/self/statm", "r");
  const buffer = Buffer.alloc(128);
  const pages = () => {
    readSync(file, buffer, 0, buffer.length, 0);
    return secondNumber(buffer);
  };
  const pageBytes = 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages())); // 4, 16 or 64 KiB by machine
  return { bytes: () => pages() * pageBytes, close: () => closeSync(file) };
}

/** The resident pages in `statm`: without a string made, since this runs twice a request. */
function secondNumber(text: Buffer): number {
  let at = text.indexOf(0x20) + 1;
  let value = 0;
  for (let byte = text[at] ?? 0; byte !== 0x20; byte = text[++at] ?? 0x20) value = value * 10 + byte - 0x30;
  return value;
}
