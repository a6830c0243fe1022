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
  cpuMs: number; // of the stretches that are over
  isRunning: boolean; // whether a stretch is under way
}

/** Keeps the accounts of requests; see `createUsageMeter`. */
export type UsageMeter = ReturnType<typeof createUsageMeter>;

const freshMs = 1;

/**
 * Latency by the monotonic clock; CPU time and resident memory of the process. A reading of CPU time costs 1 us, one of
 * memory 3: `process.memoryUsage.rss()` opens, reads and closes a file under /proc each time, here one stays open
 * (Linux; elsewhere it is that function). CPU time is the whole process's, helper threads with it, because Linux
 * brings a single thread's (`process.threadCpuUsage`) up to date only every 4 ms, and most requests would take 0.
 *
 * A request is worked on in stretches: from the moment its body is there until the model is asked elsewhere, and from there
 * to its answer. At the end of a stretch it is charged what the process has spent since the reading before, whoever's that
 * was; one older than a millisecond is taken anew when the stretch begins. So requests share out what is spent, none of it
 * twice: reading bodies and writing answers while others follow, and nothing of the time in which the server has nothing to
 * do. What the model's process says it spent comes to it.
 *
 * Memory is read at the end of a request, and at its start, each unless that was done within the last millisecond: its change
 * is the process's, whichever request caused it, and of requests that end together the first one's. The kernel counts it in
 * batches of pages, per processor: most requests change it by nothing, and a sum over many says more than one.
 */
export function createUsageMeter() {
  const memory = openMemory();
  const bytes = { value: 0, atMs: -Infinity, endMs: -Infinity };
  const cpu = { ms: 0, atMs: -Infinity };
  const readBytes = (nowMs: number): number => {
    bytes.atMs = nowMs;
    bytes.value = memory.bytes();
    return bytes.value;
  };
  /** CPU time since the last reading. */
  const readCpu = (nowMs: number): number => {
    const { user, system } = process.cpuUsage();
    const before = cpu.ms;
    cpu.atMs = nowMs;
    cpu.ms = (user + system) / 1000;
    return cpu.ms - before;
  };
  const pause = (account: Account, nowMs = performance.now()) => {
    if (account.isRunning) account.cpuMs += readCpu(nowMs);
    account.isRunning = false;
  };
  return {
    /** Opens an account; its first stretch begins with `resume`. */
    open(): Account {
      const startMs = performance.now();
      const startBytes = startMs - bytes.atMs < freshMs ? bytes.value : readBytes(startMs);
      return { startMs, startBytes, cpuMs: 0, isRunning: false };
    },
    /** Ends a stretch: other requests run now. */
    pause: (account: Account): void => pause(account),
    /** Begins a stretch. */
    resume(account: Account): void {
      account.isRunning = true;
      const nowMs = performance.now();
      if (nowMs - cpu.atMs >= freshMs) readCpu(nowMs);
    },
    /** Ends the last stretch, and says what they come to. */
    close(account: Account): Usage {
      const nowMs = performance.now();
      pause(account, nowMs);
      if (nowMs - bytes.endMs >= freshMs) {
        readBytes(nowMs);
        bytes.endMs = nowMs;
      }
      const memoryBytes = bytes.value - account.startBytes;
      return { latencyMs: nowMs - account.startMs, memoryBytes, cpuMs: account.cpuMs };
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
