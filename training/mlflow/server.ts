import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { publicUrl } from "./failure.ts";
import { firstFreePort } from "./free-port.ts";
import { launch, launchCommand } from "./launch.ts";
import { lock } from "./lock.ts";
import { isLoopback } from "./loopback.ts";
import { probe, ready } from "./probe.ts";

/** The MLflow that a run may use, or why there is none. */
export type MlflowServer =
  | { kind: "running"; uri: string; version: string }
  | { kind: "started"; uri: string; version: string; pid: number; stop: string; seconds: number }
  | { kind: "unreachable"; uri: string; reason: string } // not on this machine, so it cannot be started here
  | { kind: "unavailable"; reason: string; remedy: string };

export interface EnsureMlflowOptions {
  uri: string; // where MLflow is expected
  folder: string; // holds database, artifacts, log and state of one that is started
  python: string | undefined; // a Python that has MLflow
  info: (line: string) => void;
  startupMs?: number;
}

/** `folder/server.json`: the server that was started there last. */
const State = z.strictObject({ pid: z.int(), port: z.int(), startedAt: z.iso.datetime() });
type State = z.infer<typeof State>;

const progressMs = 5_000;

/**
 * The MLflow at `uri` if one answers there; else, where `uri` is on this machine, the one that was started in `folder`
 * before, or a new one, left running when this program ends. A port that something else holds is passed over for the
 * next free one. Programs that ask at the same time get the same server.
 */
export async function ensureMlflow(options: EnsureMlflowOptions): Promise<MlflowServer> {
  const { uri, folder, python, startupMs = 120_000 } = options;
  const there = await probe(uri);
  if (there.kind === "mlflow") return { kind: "running", uri, version: there.version };
  const address = publicUrl(new URL(uri));
  if (!isLoopback(uri)) {
    const reason =
      there.kind === "nothing"
        ? `nothing answers at ${address} (${there.reason})`
        : `${address} is not MLflow: ${there.reason}`;
    return { kind: "unreachable", uri: address, reason };
  }
  const before = await startedBefore(folder, 0);
  if (before) return before;
  if (python === undefined || !existsSync(python)) {
    const reason = `no MLflow answers at ${address}, and there is no Python with MLflow to start one`;
    return {
      kind: "unavailable",
      reason,
      remedy: "install Python 3.10 or newer and run again: set-up then fetches MLflow",
    };
  }
  await mkdir(folder, { recursive: true });
  await using _lock = await lock(join(folder, "server.lock"));
  const meanwhile = await startedBefore(folder, startupMs);
  if (meanwhile) return meanwhile;
  const why = there.kind === "other" ? there.reason : "";
  return await start({ ...options, python, startupMs, why });
}

async function start(
  options: EnsureMlflowOptions & { python: string; startupMs: number; why: string },
): Promise<MlflowServer> {
  const { folder, python, info, startupMs, why } = options;
  const wanted = Number(new URL(options.uri).port || 80);
  const port = await firstFreePort(wanted);
  if (port === undefined) {
    const reason = `no port near ${wanted} is free on 127.0.0.1`;
    return { kind: "unavailable", reason, remedy: "name another port in tracking.uri" };
  }
  if (port !== wanted)
    info(`port ${wanted} is held by something that is not MLflow${why && ` (${why})`}: MLflow goes to port ${port}`);
  const uri = `http://127.0.0.1:${port}`;
  info(`starting MLflow on ${uri}`);
  const began = Date.now();
  const child = launch(folder, launchCommand(python, port, process.env));
  const death = new Promise<string>((tell) => {
    child.once("error", (error) => tell(error.message));
    child.once("exit", (code, signal) => tell(`it ended with ${signal ?? `code ${code}`}`));
  });
  if (child.pid === undefined) return failed(folder, await death);
  await remember(folder, { pid: child.pid, port, startedAt: new Date(began).toISOString() });

  const waiting = new AbortController();
  const started = ready(uri, { ms: startupMs, signal: waiting.signal }).then((version) => version && { version });
  const progress = setInterval(
    () => info(`waiting for MLflow: ${Math.round((Date.now() - began) / 1000)} s`),
    progressMs,
  );
  const outcome = await Promise.race([death, started]);
  waiting.abort();
  clearInterval(progress);
  if (typeof outcome !== "object") {
    child.kill();
    return failed(folder, outcome ?? `no answer at ${uri} within ${startupMs / 1000} s`);
  }
  const seconds = (Date.now() - began) / 1000;
  return { kind: "started", uri, version: outcome.version, pid: child.pid, stop: `kill ${child.pid}`, seconds };
}

/** The server that `folder` remembers; one that is still coming up is waited for. */
async function startedBefore(folder: string, waitMs: number): Promise<MlflowServer | undefined> {
  const text = await readFile(join(folder, "server.json"), "utf8").catch(() => undefined);
  const parsed = text === undefined ? undefined : State.safeParse(parseJson(text));
  if (!parsed?.success) return undefined;
  const { pid, port, startedAt } = parsed.data;
  const uri = `http://127.0.0.1:${port}`;
  const deadline = Date.parse(startedAt) + waitMs;
  for (;;) {
    if (!isAlive(pid)) return undefined;
    const found = await probe(uri);
    if (found.kind === "mlflow") return { kind: "running", uri, version: found.version };
    if (Date.now() >= deadline) return undefined; // the process id is someone else's by now
    await sleep(100);
  }
}

async function failed(folder: string, what: string): Promise<MlflowServer> {
  const path = join(folder, "mlflow.log");
  const last = (await readFile(path, "utf8").catch(() => "")).trim().split("\n").at(-1) ?? "";
  const reason = `MLflow did not start: ${what}${last && ` ("${last.slice(0, 300)}")`}`;
  return { kind: "unavailable", reason, remedy: `read ${path}` };
}

function remember(folder: string, state: State): Promise<void> {
  return writeFile(join(folder, "server.json"), `${JSON.stringify(state)}\n`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
