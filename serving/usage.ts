import { closeSync, openSync, readSync } from "node:fs";

/** What a request took, or the clocks at one moment. */
export interface Usage {
  readonly latencyMs: number;
  readonly memoryBytes: number;
  readonly cpuMs: number;
}

/** Reads the clocks of this process; see `createUsageMeter`. */
export type UsageMeter = ReturnType<typeof createUsageMeter>;

/**
 * Latency by the monotonic clock; CPU time and resident memory of the process. A pair of readings costs 8 us, of which
 * 5 are memory: `process.memoryUsage.rss()` opens, reads and closes a file under /proc each time, here one stays open
 * (Linux; elsewhere it is that function). CPU time is the whole process's, helper threads with it, because Linux
 * brings a single thread's (`process.threadCpuUsage`) up to date only every 4 ms, and most requests would take 0.
 *
 * The difference of two readings is what the process did in between. A request that arrives in one piece and is
 * answered on this thread runs without a break, so the figures are its own; a body that comes in pieces shares them
 * with the requests served meanwhile. The kernel counts resident memory in batches of pages, per processor: most
 * requests change it by nothing, and a sum over many says more than one.
 */
export function createUsageMeter() {
  const memory = openMemory();
  return {
    read(): Usage {
      const cpu = process.cpuUsage();
      return {
        latencyMs: performance.now(),
        memoryBytes: memory.bytes(),
        cpuMs: (cpu.user + cpu.system) / 1000,
      };
    },
    since(start: Usage): Usage {
      const end = this.read();
      return {
        latencyMs: end.latencyMs - start.latencyMs,
        memoryBytes: end.memoryBytes - start.memoryBytes,
        cpuMs: end.cpuMs - start.cpuMs,
      };
    },
    close: memory.close,
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
