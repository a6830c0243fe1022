import { spawn } from "node:child_process";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { createTracker } from "#training/mlflow/tracker.ts";

const names = 100;
const Answer = z.strictObject({ seconds: z.number() });

/**
 * What logging 100 metrics a step costs: until the MLflow at `uri` has it all, and how long the training loop waits for
 * it; beside it Python's two ways, on the same server. Prints seconds and ratios (theirs / ours).
 */
export async function benchLogging(steps: number, { uri, python, folder }: Bench): Promise<void> {
  const ours = await tracked({ uri, folder, steps });
  const theirs = await inPython(python, { uri, way: "log_metrics", steps, names });
  const batched = await inPython(python, { uri, way: "log_batch", steps, names });
  const line = (what: string, seconds: number) => console.log(`${what.padEnd(66)} ${seconds.toFixed(2).padStart(8)} s`);
  console.log(`${names} metrics over ${steps} steps (${names * steps} points), one MLflow on SQLite`);
  line("Python, mlflow.log_metrics(..., step) each step", theirs);
  line("Python, MlflowClient.log_batch of 1,000 points", batched);
  line("Slipway's tracker: until MLflow has acknowledged the last point", ours.arrived);
  line("Slipway's tracker: training waits", ours.held);
  console.log(`ratio mlflow-logging-batch ${(batched / ours.arrived).toFixed(1)}`);
  console.log(`ratio mlflow-logging-wait ${(theirs / ours.held).toFixed(1)}`);
  console.log(`ratio mlflow-logging ${(theirs / ours.arrived).toFixed(1)}`);
}

interface Bench {
  uri: string;
  python: string;
  folder: string; // for the journal
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
