import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inNamespace } from "./network.ts";
import { folder } from "./place.ts";

const records = join(folder, "processes");
const logs = join(folder, "logs");
const patienceMs = 10_000; // between asking a process to end and ending it

/** Starts a program that outlives this one, inside of the cluster's network; its output goes to a log. Does nothing while it runs. */
export async function start(
  name: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await startOutside(name, inNamespace(words), env);
}

/** The same in the machine's own network. */
export async function startOutside(
  name: string,
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (isRunning(name)) return;
  await Promise.all([records, logs].map((path) => mkdir(path, { recursive: true })));
  const log = openSync(logPath(name), "a");
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  await once(child, "spawn");
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} was not started`);
  await writeFile(join(records, name), `${pid} ${startTimeOf(pid)}`);
}

/** Whether the very process that was started under this name runs. */
export function isRunning(name: string): boolean {
  return runningPid(name) !== undefined;
}

/** Names of all that were started and not yet stopped, running or not. */
export function startedNames(): string[] {
  return existsSync(records) ? readdirSync(records) : [];
}

/** Ends a process that `start` started, by its pid, and nothing that got this number later. */
export async function stop(name: string): Promise<void> {
  const pid = runningPid(name);
  if (pid !== undefined) {
    process.kill(pid, "SIGTERM");
    for (const end = Date.now() + patienceMs; Date.now() < end && isRunning(name); ) await sleep(50);
    if (isRunning(name)) process.kill(pid, "SIGKILL");
    while (isRunning(name)) await sleep(50);
  }
  await rm(join(records, name), { force: true });
}

/** Waits until `ask` resolves to true. Throws with the end of the process' log when it has ended or time is up. */
export async function untilReady(name: string, ask: () => Promise<boolean>, timeoutMs = 180_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; ; await sleep(200)) {
    if (await ask().catch(() => false)) return;
    if (!isRunning(name)) throw new Error(`${name} has ended by itself:\n${await lastLines(name)}`);
    if (Date.now() > end)
      throw new Error(`${name} is not ready after ${timeoutMs / 1000} s:\n${await lastLines(name)}`);
  }
}

function logPath(name: string): string {
  return join(logs, `${name}.log`);
}

async function lastLines(name: string): Promise<string> {
  const text = await readFile(logPath(name), "utf8").catch(() => "no log");
  return text.trim().split("\n").slice(-20).join("\n");
}

function runningPid(name: string): number | undefined {
  const path = join(records, name);
  if (!existsSync(path)) return undefined;
  const [pid = "", startTime] = readFileSync(path, "utf8").split(" ");
  return startTimeOf(Number(pid)) === startTime ? Number(pid) : undefined;
}

/** When a process began, in ticks since the machine did; with the pid it names a process for ever. `undefined`: none, or a zombie. */
function startTimeOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
