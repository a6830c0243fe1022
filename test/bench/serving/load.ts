import { readFile } from "node:fs/promises";
import autocannon from "autocannon";
import { childrenOf } from "#test/parts/serving.ts";

/** What a server did under load. */
export interface Loaded {
  readonly perSecond: number;
  readonly cpuMs: number; // of the server and the processes it started, a request
  readonly p50: number; // ms
  readonly p99: number;
  readonly failed: number;
}

const ticksPerSecond = 100; // of /proc, on every Linux that Node runs on

/** Loads a server for some seconds, once it is warm. */
export async function measureLoad(
  { url, pid }: { url: string; pid: number },
  { body, type, connections, seconds }: { body: Buffer; type: string; connections: number; seconds: number },
): Promise<Loaded> {
  const options = {
    url: `${url}/predict`,
    method: "POST" as const,
    headers: { "content-type": type },
    body,
    connections,
  };
  await autocannon({ ...options, duration: 2 });
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
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const own = ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  const others = await Promise.all((await childrenOf(pid)).map(cpuMsOf));
  return others.reduce((sum, ms) => sum + ms, own);
}
