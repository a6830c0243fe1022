import { readFile } from "node:fs/promises";
import autocannon from "autocannon";
import { descendantsOf } from "./processes.ts";

/** What is sent to a server: bodies in turn. */
export interface Asked {
  readonly path: string;
  readonly type: string;
  readonly bodies: readonly Buffer[];
}

/** How many ask at a time, and for how long. */
export interface Load {
  readonly connections: number;
  readonly seconds: number;
  readonly warmSeconds?: number; // before
}

/** What a server did under load. */
export interface Loaded {
  readonly perSecond: number;
  readonly cpuMs: number; // of the server and the processes it started, a request
  readonly p50: number; // ms
  readonly p99: number;
  readonly failed: number;
}

const ticksPerSecond = 100; // of /proc, on every Linux that Node runs on

/** Loads a server for some seconds, once it is warm: compilers in it take some ten thousand requests to be done. */
export async function measureLoad(
  { url, pid }: { url: string; pid: number },
  { path, type, bodies, connections, seconds, warmSeconds = 8 }: Asked & Load,
): Promise<Loaded> {
  const requests = bodies.map((body) => ({ method: "POST" as const, path, headers: { "content-type": type }, body }));
  const options = { url, requests, connections };
  await autocannon({ ...options, duration: warmSeconds });
  const before = await cpuMsOf(pid);
  const result = await autocannon({ ...options, duration: seconds });
  const cpuMs = (await cpuMsOf(pid)) - before;
  const answered = result["2xx"];
  return {
    perSecond: answered / result.duration,
    cpuMs: cpuMs / answered,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failed: result.errors + result.non2xx,
  };
}

/** CPU time of a process and all that it started. */
async function cpuMsOf(pid: number): Promise<number> {
  const times = [pid, ...(await descendantsOf(pid))].map(async (each) => {
    const stat = await readFile(`/proc/${each}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  });
  return (await Promise.all(times)).reduce((sum, ms) => sum + ms, 0);
}
