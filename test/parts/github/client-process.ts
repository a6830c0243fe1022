import { readdir, readFile, readlink } from "node:fs/promises";
import type { Socket } from "node:net";

/** The job of a workflow that a process runs for, as the runner tells it by the environment. */
export interface Job {
  readonly workflow: string;
  readonly job: string;
}

const found = new WeakMap<Socket, Promise<Job | undefined>>();

/**
 * The job behind a connection of this machine: the process that holds the other end, or the nearest of its ancestors whose
 * environment names a job. Linux only: it is read from /proc.
 */
export function jobBehind(socket: Socket): Promise<Job | undefined> {
  const known = found.get(socket) ?? search(socket);
  found.set(socket, known);
  return known;
}

async function search(socket: Socket): Promise<Job | undefined> {
  const inode = await inodeOf(socket.remotePort ?? 0, socket.localPort ?? 0);
  let pid = inode === undefined ? undefined : await holderOf(`socket:[${inode}]`);
  while (pid !== undefined && pid > 1) {
    const { GITHUB_WORKFLOW: workflow, GITHUB_JOB: job } = await environmentOf(pid);
    if (workflow && job) return { workflow, job };
    pid = await parentOf(pid);
  }
  return undefined;
}

async function inodeOf(clientPort: number, serverPort: number): Promise<string | undefined> {
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const lines = (await readFile(table, "utf8").catch(() => "")).split("\n").slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      if (portOf(fields[1]) === clientPort && portOf(fields[2]) === serverPort) return fields[9];
    }
  }
  return undefined;
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(":")[1] ?? "", 16);
}

async function holderOf(target: string): Promise<number | undefined> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  // the newest first: it is most likely a step's
  for (const pid of pids.sort((one, other) => other - one)) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => "")));
    if (links.includes(target) && pid !== process.pid) return pid;
  }
  return undefined;
}

async function environmentOf(pid: number): Promise<Record<string, string>> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return Object.fromEntries(
    text.split("\0").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // the second field is the program's name in brackets, which may hold anything
  const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
  return parent === undefined ? undefined : Number(parent);
}
