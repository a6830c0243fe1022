import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { firstFreePort } from "#training/mlflow/free-port.ts";

declare module "vitest" {
  interface ProvidedContext {
    mlflowFolder: string;
    mlflowPort: number;
  }
}

/** Names the place of the MLflow that test files share (`sharedMlflow`); whichever asks first starts it. Ends it after the last test. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-mlflow-"));
  const port = await firstFreePort(20_000 + Math.floor(Math.random() * 10_000));
  if (port === undefined) throw new Error("no free port for MLflow");
  project.provide("mlflowFolder", folder);
  project.provide("mlflowPort", port);
  return async () => {
    const state = await readFile(join(folder, "server.json"), "utf8").catch(() => undefined);
    if (state !== undefined) spawnSync("kill", ["-9", String(JSON.parse(state).pid)]); // it may be gone already
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}
