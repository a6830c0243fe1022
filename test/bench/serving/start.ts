import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { readTools, type Tools } from "#config/tools.ts";
import { firstFreePort } from "#training/mlflow/free-port.ts";
import type { Asked } from "./load.ts";
import { descendantsOf } from "./processes.ts";

const tools = readTools(resolve(import.meta.dirname, "../../.."));
const longestStartMs = 180_000;

/** A Python of the servers to compare with. */
export function pythonOf(name: keyof Tools & `${string}Python`): string {
  const path = tools[name];
  if (!path) throw new Error("no Python with FastAPI and others: run `node .ci/setup.mjs bench`, which prepares it");
  return path;
}

/** A server that a benchmark started. */
export type Peer = AsyncDisposable & { readonly url: string; readonly pid: number };

/** Starts a server of this folder, whose arguments are `before`, a free port and `after`. */
export async function startPeer(
  script: string,
  { asked, before = [], after = [] }: { asked: Asked; before?: readonly string[]; after?: readonly string[] },
): Promise<Peer> {
  const program = extname(script) === ".py" ? pythonOf("peersPython") : process.execPath;
  const argv = (port: string) => [program, join(import.meta.dirname, script), ...before, port, ...after];
  return await startCommand(argv, asked);
}

// A server in a group of its own outlives a benchmark that is stopped, unless that sees to it.
const groups = new Set<number>();
process.once("exit", () => {
  for (const group of groups) process.kill(-group, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** Starts a command that is told a free port, and waits until it answers what it will be asked. */
export async function startCommand(argv: (port: string) => string[], asked: Asked): Promise<Peer> {
  const port = String(await firstFreePort(20_000 + Math.floor(Math.random() * 10_000)));
  const [program = "", ...args] = argv(port);
  const env = {
    ...process.env,
    PATH: `${dirname(program)}:${process.env["PATH"]}`, // some start others of their environment by name
    TF_CPP_MIN_LOG_LEVEL: "3",
    TF_ENABLE_ONEDNN_OPTS: "1",
    CUDA_VISIBLE_DEVICES: "-1",
    BENTOML_DO_NOT_TRACK: "true",
    MLFLOW_DISABLE_TELEMETRY: "true",
    BENCH_PORT: port,
  };
  const child = spawn(program, args, { env, detached: true, stdio: ["ignore", "ignore", "pipe"] }); // a group of its own
  const pid = child.pid ?? 0;
  if (child.pid !== undefined) groups.add(pid);
  child.once("exit", () => groups.delete(pid));
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-4000);
  });
  const ended = once(child, "exit");
  const stop = async () => {
    const others = await descendantsOf(pid); // BentoML's worker is in a group of its own
    process.kill(-pid, "SIGKILL");
    await ended;
    for (const other of others) if (existsSync(`/proc/${other}`)) process.kill(other, "SIGKILL");
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + longestStartMs;
  while (!(await answers(url, asked))) {
    const hasEnded = child.exitCode !== null;
    if (hasEnded || performance.now() > deadline) {
      if (!hasEnded) await stop();
      throw new Error(`${args.join(" ")} does not answer: ${complaint}`);
    }
    await sleep(200);
  }
  return { url, pid, [Symbol.asyncDispose]: stop };
}

async function answers(url: string, { path, type, bodies }: Asked): Promise<boolean> {
  try {
    const body = bodies[0] ?? null;
    const response = await request(`${url}${path}`, { method: "POST", headers: { "content-type": type }, body });
    await response.body.dump();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}
