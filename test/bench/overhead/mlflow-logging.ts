import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { readTools } from "#config/tools.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { firstFreePort } from "#training/mlflow/free-port.ts";
import { ensureMlflow } from "#training/mlflow/server.ts";
import { createTracker } from "#training/mlflow/tracker.ts";

const names = 100;
const Answer = z.strictObject({ seconds: z.number() });

/**
 * What logging 100 metrics a step costs: how long the training loop waits for it, and how long until MLflow has it all;
 * beside it Python's two ways, on the same server. Prints seconds; the last line is `ratio mlflow-logging`, of the waits.
 */
export async function benchLogging(steps: number): Promise<void> {
  const python = readTools(resolve(import.meta.dirname, "../../..")).mlflowPython;
  if (!python) throw new Error("no Python with MLflow: run `npm test` once, whose set-up prepares it");
  await using folder = await temporaryFolder();
  const port = (await firstFreePort(20_000 + Math.floor(Math.random() * 10_000))) ?? 0;
  const server = await ensureMlflow({
    uri: `http://127.0.0.1:${port}`,
    folder: folder.path,
    python,
    info: console.log,
  });
  if (server.kind !== "started") throw new Error(`no MLflow of its own: ${server.kind}`);
  try {
    const ours = await tracked({ uri: server.uri, folder: folder.path, steps });
    const theirs = await inPython(python, { uri: server.uri, way: "log_metrics", steps, names });
    const batched = await inPython(python, { uri: server.uri, way: "log_batch", steps, names });
    const line = (what: string, seconds: number) =>
      console.log(`${what.padEnd(66)} ${seconds.toFixed(2).padStart(8)} s`);
    console.log(`${names} metrics over ${steps} steps (${names * steps} points), one MLflow on SQLite`);
    line("Python, mlflow.log_metrics(..., step) each step: training waits", theirs);
    line("Python, MlflowClient.log_batch of 1,000 points: training waits", batched);
    line("Slipway's tracker: training waits", ours.held);
    line("Slipway's tracker: until MLflow has acknowledged the last point", ours.arrived);
    console.log(`ratio mlflow-logging-arrival ${(theirs / ours.arrived).toFixed(1)}`);
    console.log(`ratio mlflow-logging-batch-arrival ${(batched / ours.arrived).toFixed(1)}`);
    console.log(`ratio mlflow-logging ${(theirs / ours.held).toFixed(1)}`);
  } finally {
    process.kill(server.pid);
  }
}

interface Work {
  uri: string;
  folder: string;
  steps: number;
}

async function tracked({ uri, folder, steps }: Work): Promise<{ held: number; arrived: number }> {
  const client = createMlflowClient({ trackingUri: uri });
  await client.getOrCreateExperiment("overhead"); // the first call makes the database
  const tracker = createTracker({ journalPath: join(folder, "journal"), client, experiment: "overhead" });
  const began = performance.now();
  for (let step = 1; step <= steps; step++) {
    tracker.logMetrics(
      step,
      Object.fromEntries(Array.from({ length: names }, (_, index) => [`metric_${index}`, 1 / (step + index)])),
    );
  }
  const held = (performance.now() - began) / 1000;
  tracker.end("FINISHED");
  const arrival = await tracker.flush();
  const arrived = (performance.now() - began) / 1000;
  if (!arrival.arrived) throw new Error(arrival.reason);
  const last = await client.metricHistory(arrival.run.runId, `metric_${names - 1}`);
  if (last.length !== steps) throw new Error(`MLflow has ${last.length} of ${steps} points`);
  tracker.close();
  await client.close();
  return { held, arrived };
}

async function inPython(
  python: string,
  request: { way: "log_metrics" | "log_batch" } & Record<string, unknown>,
): Promise<number> {
  const env = { ...process.env, MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: "true" };
  const child = spawn(python, [join(import.meta.dirname, "python-logging.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    env,
  });
  child.stdin.end(JSON.stringify(request));
  return Answer.parse(await json(child.stdout)).seconds;
}
