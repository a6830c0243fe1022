import type { TestProject } from "vitest/node";
import { stopOfTests } from "./use.ts";

declare module "vitest" {
  interface ProvidedContext {
    clusterRun: string;
  }
}

const run = String(process.pid);

/** Names this run to the test files that use the cluster. Ends the cluster after the last of them. */
export function setup(project: TestProject): () => Promise<void> {
  project.provide("clusterRun", run);
  return () => stopOfTests(run);
}
