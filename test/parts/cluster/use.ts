import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, inject } from "vitest";
import { startCluster, stopCluster } from "./cluster.ts";
import { kubectl } from "./kubectl.ts";
import { folder } from "./place.ts";

const mark = join(folder, "of-tests"); // a user's own cluster has none; in it stands the run that uses the cluster

/**
 * Gives a test file the cluster of this machine, which goes on to the next file of this run; `stopOfTests` ends it after the
 * last. One that a run left behind is taken over.
 */
export function useCluster(): void {
  const run = inject("clusterRun");
  beforeAll(async () => {
    await checkCluster(run);
    await startCluster(() => writeFile(mark, run));
  });
}

/** Throws where this machine's cluster is a user's, or that of other tests that run. */
export async function checkCluster(run: string): Promise<void> {
  const owner = await ownerOfCluster();
  if (existsSync(folder) && owner === undefined)
    throw new Error("a cluster of yours runs on this machine: npm run cluster -- down, then the tests have theirs");
  if (owner !== undefined && owner !== run && isAlive(Number(owner)))
    throw new Error(`other tests use this machine's cluster: once process ${owner} has ended, these can`);
}

/** Ends the cluster that test files of a run have used, or that one left behind whose process is no more. */
export async function stopOfTests(run: string): Promise<void> {
  const owner = await ownerOfCluster();
  if (owner !== undefined && (owner === run || !isAlive(Number(owner)))) await stopCluster();
}

async function ownerOfCluster(): Promise<string | undefined> {
  return existsSync(mark) ? await readFile(mark, "utf8") : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Makes namespaces as Argo CD makes them: with Pod Security's restricted profile. */
export async function makeNamespaces(...names: string[]): Promise<void> {
  const profile = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
  };
  const items = names.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: profile } }));
  await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}
