import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const root = resolve(import.meta.dirname, "../..");

/** A model server in a process of its own, as users run it, on a free port of this machine. */
export interface ServingProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly log: readonly Record<string, unknown>[]; // its lines so far
  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void;
  /** The exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

/** Starts `npm run serve` with `argv` and resolves once it listens. */
export async function startServing(
  argv: readonly string[],
  variables: Record<string, string> = {},
): Promise<ServingProcess> {
  const child = runServing([...argv, "--port", "0"], variables);
  const log: Record<string, unknown>[] = [];
  const listening = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const entry = JSON.parse(line) as Record<string, unknown>;
    log.push(entry);
    if (typeof entry["docs"] === "string") listening.resolve(entry["docs"].replace(/\/docs$/, ""));
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaint += text;
  });
  const ended = once(child, "close").then(([code]) => code as number | null);
  void ended.then((code) => listening.reject(new Error(`the server ended with ${code}: ${complaint}`)));
  return {
    url: await listening.promise,
    pid: child.pid ?? 0,
    log,
    ended,
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Ids of the processes that a server has started; Linux. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}

/** Runs the server program; the environment holds `variables` and what Node needs, nothing else. */
export function runServing(argv: readonly string[], variables: Record<string, string> = {}) {
  const environment = { PATH: process.env["PATH"], ...variables };
  return spawn(process.execPath, [resolve(root, "serving/server.ts"), ...argv], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  }) satisfies ChildProcess;
}
