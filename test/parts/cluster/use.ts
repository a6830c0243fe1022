import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll } from "vitest";
import { startCluster, stopCluster } from "./cluster.ts";
import { kubectl } from "./kubectl.ts";
import { folder } from "./place.ts";

const mark = join(folder, "of-tests"); // a user's own cluster has none

/** Gives a test file the cluster of this machine, which goes on to the next file; `stopOfTests` ends it after the last. */
export function useCluster(): void {
  beforeAll(async () => {
    if (existsSync(folder) && !existsSync(mark))
      throw new Error("a cluster of yours runs on this machine: npm run cluster -- down, then the tests have theirs");
    await startCluster(async () => {
      await writeFile(mark, "");
    });
  });
}

/** Ends the cluster that test files have used, if any has. */
export async function stopOfTests(): Promise<void> {
  if (existsSync(mark)) await stopCluster();
  await rm(mark, { force: true });
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
