import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { readTools } from "#config/tools.ts";
import { firstFreePort } from "#training/mlflow/free-port.ts";

const { peersPython } = readTools(resolve(import.meta.dirname, "../../.."));
const longestStartMs = 120_000;

/** The Python of the servers to compare with. */
export function python(): string {
  if (!peersPython) throw new Error("no Python with FastAPI: run `node .ci/setup.mjs bench`, which prepares it");
  return peersPython;
}

/** Starts a server of this folder, whose arguments are `before`, a free port and `after`, and waits until it answers. */
export async function startPeer(
  script: string,
  { before = [], after = [] }: { before?: readonly string[]; after?: readonly string[] } = {},
): Promise<AsyncDisposable & { url: string; pid: number }> {
  const port = (await firstFreePort(20_000 + Math.floor(Math.random() * 10_000))) ?? 0;
  const program = extname(script) === ".py" ? python() : process.execPath;
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3", TF_ENABLE_ONEDNN_OPTS: "1", CUDA_VISIBLE_DEVICES: "-1" };
  const args = [join(import.meta.dirname, script), ...before, String(port), ...after];
  const child = spawn(program, args, { env, stdio: ["ignore", "inherit", "inherit"] });
  const ended = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + longestStartMs;
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`${script} does not start`);
    await sleep(200);
  }
  return {
    url,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await request(url)).body.dump();
    return true;
  } catch {
    return false;
  }
}
