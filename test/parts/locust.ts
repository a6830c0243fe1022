import { execFile } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { readTools } from "#config/tools.ts";

const root = resolve(import.meta.dirname, "../..");

// one entry of what `locust --json` prints; response times are counted by whole milliseconds
const Stats = z.tuple([
  z.object({
    num_requests: z.number(),
    num_failures: z.number(),
    start_time: z.number(),
    last_request_timestamp: z.number(),
    response_times: z.record(z.string(), z.number()),
  }),
]);

/** What Locust's users got. */
export interface Locusted {
  readonly requests: number;
  readonly failures: number;
  readonly perSecond: number;
  readonly p95: number; // ms
}

interface LocustOptions {
  readonly users: number;
  readonly seconds: number;
  readonly body?: object;
  readonly variables?: Readonly<Record<string, string>>;
}

/** Lets the users of `test/load/locustfile.py` ask a server; `body` where its API document gives no example. */
export async function runLocust(url: string, { users, seconds, body, variables }: LocustOptions): Promise<Locusted> {
  const { clientsPython } = readTools(root);
  if (!clientsPython) throw new Error("no Locust: run `node .ci/setup.mjs test`, which prepares it");
  const args = ["-f", join(root, "test/load/locustfile.py"), "--headless", "--json", "--exit-code-on-error", "0"];
  const load = ["-u", String(users), "-r", String(users), "-t", `${seconds}s`, "-H", url];
  const env = { ...process.env, ...variables, ...(body && { LOAD_BODY: JSON.stringify(body) }) };
  const program = join(dirname(clientsPython), "locust");
  const { stdout } = await promisify(execFile)(program, [...args, ...load], { env, maxBuffer: 64 << 20 });
  const [stats] = Stats.parse(JSON.parse(stdout));
  return {
    requests: stats.num_requests,
    failures: stats.num_failures,
    perSecond: stats.num_requests / Math.max(1e-3, stats.last_request_timestamp - stats.start_time),
    p95: percentile(stats.response_times, 0.95),
  };
}

function percentile(counts: Readonly<Record<string, number>>, share: number): number {
  const times = Object.entries(counts).map(([ms, count]) => ({ ms: Number(ms), count }));
  const total = times.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { ms, count } of times.sort((one, other) => one.ms - other.ms)) {
    seen += count;
    if (seen >= share * total) return ms;
  }
  return Number.NaN;
}
