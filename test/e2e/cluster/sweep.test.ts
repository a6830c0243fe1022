import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jobName, renderJob } from "#actions/train/job.ts";
import { orderOf } from "#actions/train/job-order.ts";
import { runTrials } from "#actions/train/run.ts";
import { loadConfig } from "#config/load.ts";
import { getJson, kubectl } from "#test/parts/cluster/kubectl.ts";
import { nodeName } from "#test/parts/cluster/place.ts";
import {
  completed,
  jobPattern,
  type Pod,
  podsOf,
  prepareTraining,
  sampleFolder,
} from "#test/parts/cluster/training.ts";
import { useCluster } from "#test/parts/cluster/use.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { storedPoints } from "#test/training/mlflow/recorded.ts";
import { readJsonFile } from "#training/json-file.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { openStorage } from "#training/storage/open.ts";
import { SweepResult } from "#training/sweep/result.ts";
import { beginSweep } from "#training/sweep/run.ts";

const root = resolve(import.meta.dirname, "../../..");
const epochs = 2_500;
const machines = 3; // GPUs, one a pod
const rates = [0.01, 0.02, 1e38, 0.0005, 0.03]; // one of them diverges
const sweep = `sweep={ method: grid, metric: log_loss, parameters: { training.learningRate: { values: [${rates}] } } }`;
let ground: Awaited<ReturnType<typeof prepareTraining>>;

useCluster();
beforeAll(async () => {
  ground = await prepareTraining();
  await setGpus(machines);
});
afterAll(async () => {
  await setGpus(1);
  await ground[Symbol.asyncDispose]();
});

async function setGpus(count: number): Promise<void> {
  const patch = [{ op: "replace", path: "/status/capacity/nvidia.com~1gpu", value: String(count) }];
  await kubectl(["patch", "node", nodeName, "--subresource=status", "--type=json", `--patch=${JSON.stringify(patch)}`]);
}

/** Orders a Job of the configuration as the train step does, and applies it. `here` is the folder of what this machine keeps. */
async function start(env: "dev" | "prod", here: string, knobs: Record<string, string | number>, more: string[] = []) {
  const places = ground.places(more.length > 0 ? "sweep" : "alone");
  const settings = { ...places, "data.root": sampleFolder, "training.checkpointSeconds": 0.5, ...knobs };
  const set = [...Object.entries(settings).map(([path, value]) => `${path}=${value}`), ...more];
  const own = [
    `data.root=${join(here, "data")}`,
    `tracking.uri=${ground.mlflow.uri}`,
    `outputs=${join(here, "outputs")}`,
  ];
  const config = await loadConfig({ root, env, model: "iris", set: [...set, ...own] });
  const client = createMlflowClient({ trackingUri: ground.mlflow.uri });
  const storage = openStorage(config.models.uri, root);
  const options = { root, codeRoot: root, config, storage, client, info: () => undefined };
  const plan = more.length > 0 ? await beginSweep(options) : undefined;
  const inPods = await loadConfig({ root, env, model: "iris", set });
  const order = await orderOf({ ...options, sweep: plan, set, image: ground.image, gitSha: undefined });
  const job = { ...order, config: inPods, attempt: 1 };
  await kubectl(["apply", `--namespace=training-${env}`, "-f", "-"], renderJob(await jobPattern(), job));
  return { name: jobName({ model: "iris", contentHash: order.contentHash, attempt: 1 }), options, client };
}

const indexOf = ({ metadata }: Pod) => metadata.annotations?.["batch.kubernetes.io/job-completion-index"];
const logs = (pod: Pod, env: string) => kubectl(["logs", pod.metadata.name, "-n", `training-${env}`]).catch(() => "");

test("machines train trials at once, one that gives way goes on later, and one trial wins", async () => {
  await using here = await temporaryFolder();
  const knobs = { "training.epochs": epochs, "training.patience": epochs };
  const dev = await start("dev", here.path, knobs, [sweep]);
  let running: Pod[] = [];
  const atWork = async () => {
    running = (await podsOf("dev", dev.name)).filter(({ status }) => status.phase === "Running");
    const told = await Promise.all(running.map((pod) => logs(pod, "dev")));
    return told.filter((text) => /epoch \d{3,}\//.test(text)).length;
  };
  await expect.poll(atWork, { timeout: 300_000, interval: 500 }).toBe(machines);

  const prod = await start("prod", here.path, { "training.epochs": 100 });
  await completed("prod", prod.name);
  await completed("dev", dev.name);
  const { spec, status } = (await getJson("job", dev.name, "-n", "training-dev")) as {
    spec: { completionMode: string };
    status: { completedIndexes: string };
  };
  expect([spec.completionMode, status.completedIndexes]).toEqual(["Indexed", "0-4"]);
  const firsts = new Map(running.map((pod) => [indexOf(pod), pod.metadata.name]));
  const seconds = (await podsOf("dev", dev.name)).filter((pod) => {
    return firsts.has(indexOf(pod)) && firsts.get(indexOf(pod)) !== pod.metadata.name;
  });
  expect(seconds.map(({ status }) => status.phase)).toEqual(["Succeeded"]); // of the trial that gave way
  for (const pod of seconds) expect(await logs(pod, "dev")).toContain("goes on from a checkpoint");

  const lines: string[] = [];
  const info = (line: string) => lines.push(line);
  const winner = await runTrials({ ...dev.options, info, trains: false });
  expect(lines.join("\n")).not.toMatch(/epoch \d+\//); // nothing was trained here
  const result = await readJsonFile(join(winner.folder, "sweep.json"), SweepResult);
  expect(result.trials.map(({ outcome }) => outcome.kind)).toEqual([
    ...["trained", "trained", "failed", "trained", "trained"],
  ]);
  const losses = result.trials.map(({ outcome }) =>
    outcome.kind === "trained" ? outcome.validation.log_loss : Number.POSITIVE_INFINITY,
  );
  expect(result.winner).toBe(losses.indexOf(Math.min(...losses)) + 1);
  expect(winner.candidate.validation.loss).toBe(Math.min(...losses));

  const runs = await dev.client.searchRuns({
    experimentIds: [await dev.client.getOrCreateExperiment("sweep")],
  });
  const parent = runs.find(({ runId }) => runId === result.run?.runId);
  expect(parent).toMatchObject({ status: "FINISHED", metrics: { trained_trials: 4, failed_trials: 1 } });
  const trials = runs.filter((run) => run !== parent);
  expect(trials).toHaveLength(rates.length);
  for (const { runId, tags, status } of trials) {
    expect(tags["mlflow.parentRunId"]).toBe(parent?.runId);
    if (status === "FAILED") continue; // the one that diverged
    expect(status).toBe("FINISHED");
    const points = await storedPoints(dev.client, runId);
    expect(new Set(points).size).toBe(points.length);
    expect(points.filter((point) => point.startsWith("val_loss "))).toHaveLength(epochs);
  }
  await Promise.all([dev.client.close(), prod.client.close()]);
});
