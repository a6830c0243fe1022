import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { readTools } from "#config/tools.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
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

const run = promisify(execFile);
const { wrk } = readTools(resolve(import.meta.dirname, "../../.."));

/** What load.lua prints; times in milliseconds. */
const Printed = z.strictObject({
  seconds: z.number(),
  responses: z.int(),
  refused: z.int(), // of the responses
  failed: z.int(), // connections, and requests that got no response
  p50: z.number(),
  p99: z.number(),
});

/**
 * Loads a server for some seconds, once it is warm: compilers in it take some ten thousand requests to be done. The load is
 * wrk's, whose 15 us a request leave the machine to the server.
 */
export async function measureLoad(
  { url, pid }: { url: string; pid: number },
  { path, type, bodies, connections, seconds, warmSeconds = 8 }: Asked & Load,
): Promise<Loaded> {
  await using folder = await temporaryFolder();
  const files = bodies.map((_, at) => join(folder.path, String(at)));
  await Promise.all(bodies.map((body, at) => writeFile(files[at] ?? "", body)));
  const load = async (duration: number) => {
    if (!wrk) throw new Error("no wrk: run `node .ci/setup.mjs bench`, which brings it");
    const options = ["--threads", "1", "--timeout", "10s", "--script", join(import.meta.dirname, "load.lua")];
    const extent = ["--connections", String(connections), "--duration", `${duration}s`];
    const { stdout } = await run(wrk, [...options, ...extent, `${url}${path}`, "--", type, ...files]);
    return Printed.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  };
  await load(warmSeconds);
  const before = await cpuMsOf(pid);
  const { seconds: tookSeconds, responses, refused, failed, p50, p99 } = await load(seconds);
  const cpuMs = (await cpuMsOf(pid)) - before;
  const answered = responses - refused;
  return { perSecond: answered / tookSeconds, cpuMs: cpuMs / answered, p50, p99, failed: failed + refused };
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
