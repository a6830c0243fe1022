import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ReportData } from "#actions/report/report-input.ts";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { type ProgramOptions, runProgram } from "#test/parts/program.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { Release } from "#training/release.ts";

/** `npm start -- --sweep` with outputs, data and an experiment of its own. */
async function createRoad() {
  const { uri } = await sharedMlflow();
  const folder = await temporaryFolder();
  const outputs = join(folder.path, "outputs");
  const experiment = `sweep-${randomUUID()}`;
  const client = createMlflowClient({ trackingUri: uri });
  const runs = async () =>
    await client.searchRuns({ experimentIds: [await client.getOrCreateExperiment(experiment)], maxResults: 1000 });
  return {
    folder: folder.path,
    outputs,
    client,
    start: (set: readonly string[], options: ProgramOptions & { uri?: string; more?: string[] } = {}) =>
      runProgram(
        "actions/pipeline.ts",
        [...[`data.root=${folder.path}`, ...set].flatMap((one) => ["--set", one]), "--sweep", ...(options.more ?? [])],
        {
          ...options,
          env: {
            ...{ SLIPWAY_OUTPUTS: outputs, MLFLOW_EXPERIMENT_NAME: experiment },
            MLFLOW_TRACKING_URI: options.uri ?? uri,
          },
        },
      ),
    /** One trial, as a pod of an Indexed Job trains it. */
    trial: (index: number, set: readonly string[], more: readonly string[] = []) =>
      runProgram(
        "training/train/main.ts",
        [
          ...["--env", "dev", "--model", "iris", "--trial-index", String(index), ...more],
          ...[`data.root=${folder.path}`, ...set].flatMap((one) => ["--set", one]),
        ],
        { env: { SLIPWAY_OUTPUTS: outputs, MLFLOW_EXPERIMENT_NAME: experiment, MLFLOW_TRACKING_URI: uri } },
      ),
    /** The sweep's run, and those of its trials by their numbers. */
    async runs() {
      const all = await runs();
      const parent = all.filter(({ tags }) => tags["slipway.sweep"] !== undefined);
      const trials = all.filter((run) => !parent.includes(run));
      return { parent, trials: trials.toSorted((a, b) => a.name.localeCompare(b.name)) };
    },
    report: async (model = "iris") =>
      ReportData.parse(JSON.parse(await readFile(join(outputs, model, "report.json"), "utf8"))),
    release: async (model = "iris") =>
      Release.parse(JSON.parse(await readFile(join(outputs, model, "release.json"), "utf8"))),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const grid = (parameters: string) => `sweep={ method: grid, metric: log_loss, parameters: { ${parameters} } }`;
const timeout = 300_000;

test("a sweep that is killed goes on where it was, and its best trial is promoted", { timeout }, async () => {
  await using road = await createRoad();
  const epochs = 150;
  const rates = "training.learningRate: { values: [1e38, 0.02, 0.0005, 0.01] }"; // the first diverges
  const set = [grid(rates), `training.epochs=${epochs}`, `training.patience=${epochs}`];
  const onOutput = (soFar: string) => (/trial [34] of 4: epoch/.test(soFar) ? "SIGTERM" : undefined);
  const killed = await road.start(set, { onOutput });
  expect(killed.output).toContain("Stopped by SIGTERM");
  expect(killed.code).toBe(143);
  const before = await road.runs();
  expect(before.parent).toMatchObject([{ name: "iris-dev-sweep", status: "KILLED" }]);
  expect(before.trials.slice(0, 2)).toMatchObject([{ status: "FAILED" }, { status: "FINISHED" }]);

  const { code, output } = await road.start(set);
  expect(output).toMatch(
    /trial \d of 4 won, log loss .* on validation, with training.learningRate=.*trial 1 failed: training diverged/,
  );
  expect(output).toContain("is promoted to dev");
  expect(code).toBe(0);
  const { parent, trials } = await road.runs();
  const [sweep] = parent;
  expect(parent).toMatchObject([
    { runId: before.parent[0]?.runId, status: "FINISHED", metrics: { trained_trials: 3, failed_trials: 1 } },
  ]);
  expect(sweep?.params).toMatchObject({ "sweep.method": "grid", "sweep.metric": "log_loss", model: "iris" });
  expect(trials.map(({ name, status, tags }) => [name, status, tags["mlflow.parentRunId"]])).toEqual(
    ["FAILED", "FINISHED", "FINISHED", "FINISHED"].map((status, index) => [
      `iris-dev-trial-${index + 1}`,
      status,
      sweep?.runId,
    ]),
  );
  const times = (some: typeof trials) => some.map(({ runId, startTime, endTime }) => ({ runId, startTime, endTime }));
  expect(times(trials.slice(0, 2))).toEqual(times(before.trials.slice(0, 2))); // done once
  for (const { runId, params } of trials.slice(1)) {
    const steps = (await road.client.metricHistory(runId, "val_loss")).map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: epochs }, (_, epoch) => epoch + 1));
    expect(Object.keys(params).filter((name) => name.startsWith("sweep"))).toEqual([]);
  }
  expect(trials.map(({ params }) => Number(params["training.learningRate"]))).toEqual([1e38, 0.02, 0.0005, 0.01]);

  const losses = trials.map(({ metrics }) => metrics["validation_log_loss"] ?? Number.POSITIVE_INFINITY);
  const best = trials[losses.indexOf(Math.min(...losses))];
  expect((await road.release()).runId).toBe(best?.runId);
  expect(sweep?.metrics["validation_log_loss"]).toBe(Math.min(...losses));
  const artifacts = (await road.client.listArtifacts(sweep?.artifactUri ?? "")).map(({ path }) => path).sort();
  expect(artifacts).toEqual(["sweep.json", "sweep.svg"]);
  const picture = (await road.client.downloadArtifact(sweep?.artifactUri ?? "", "sweep.svg")).toString();
  expect(picture).toMatch(/^<svg.*training\.learningRate.*log loss on validation/s);

  const report = await road.report();
  expect(report.sweep).toMatchObject({ metric: "log_loss", run: { runId: sweep?.runId } });
  const text = await readFile(join(road.outputs, "iris/report.md"), "utf8");
  expect(text).toContain(`Sweep: trial ${report.sweep?.winner} of 4`);
  expect(text).toMatch(/\| 1 \| 1e\+38 \| failed: training diverged/);

  const again = await road.start(set);
  expect(again.output).toContain("Nothing to do");
  expect(again.code).toBe(0);
  expect((await road.client.metricHistory(sweep?.runId ?? "", "trained_trials")).length).toBe(1);
  expect((await road.runs()).trials).toEqual(trials);
});

test("a sweep without MLflow is told to it later, the trials below their sweep", { timeout }, async () => {
  await using road = await createRoad();
  const set = [
    "sweep={ method: random, trials: 2, parameters: { training.learningRate: { min: 0.01, max: 0.1, scale: log }, training.batchSize: { min: 8, max: 32 } } }",
    "training.epochs=20",
  ];
  const away = await road.start(set, { uri: "http://mlflow.invalid:5000" });
  expect(away.output).toMatch(/next .*npm start -- --env dev --model iris --sweep/);
  expect(away.code).toBe(4);
  const { code, output } = await road.start(set);
  expect(output).toContain("is promoted to dev");
  expect(code).toBe(0);
  const { parent, trials } = await road.runs();
  expect(parent).toMatchObject([{ status: "FINISHED", metrics: { trained_trials: 2 } }]);
  expect(trials).toHaveLength(2);
  for (const { runId, status, tags } of trials) {
    expect(status).toBe("FINISHED");
    expect(tags["mlflow.parentRunId"]).toBe(parent[0]?.runId);
    expect(await road.client.metricHistory(runId, "loss")).toHaveLength(20);
  }
  expect((await road.report()).sweep?.metric).toBe("accuracy"); // the gate's
});

test("what can't be swept ends with 42 and every reason, and a dry run changes nothing", { timeout }, async () => {
  await using road = await createRoad();
  const dry = await road.start([], { more: ["--dry-run"] });
  expect(dry.output).toMatch(/would train 8 of 8 trials \(0 are done\); the best by log loss on validation/);
  expect(dry.output).toMatch(/trial 8 +training\.learningRate=0\.\d+ training\.batchSize=\d+/);
  expect(dry.code).toBe(0);
  expect(existsSync(road.outputs)).toBe(false);

  const none = await road.start([], { more: ["--dry-run", "--model", "cifar10"] });
  expect(none.output).toContain("config/models/cifar10.yaml has no sweep");
  expect(none.code).toBe(42);

  const failing = await road.start([grid("training.learningRate: { values: [2e38, 1e38] }"), "training.epochs=3"]);
  expect(failing.output).toMatch(
    /no trial of the sweep could be trained:\n {2}trial 1: training diverged.*\n {2}trial 2: training diverged/,
  );
  expect(failing.code).toBe(42);
  expect((await road.runs()).parent).toMatchObject([{ status: "FAILED" }]);
});

test("trials that other machines have trained by their index are not trained again", { timeout }, async () => {
  await using road = await createRoad();
  const set = [grid("training.learningRate: { values: [0.02, 1e38, 0.05] }"), "training.epochs=20"];
  const strange = await road.trial(3, set);
  expect(strange.output).toContain("the sweep has 3 trials, none of index 3");
  expect(strange.code).toBe(42);
  const other = await road.trial(0, set, ["--content-hash", `sha256:${"0".repeat(64)}`]);
  expect(other.output).toMatch(/the sweep is sha256:\w+, sha256:0+ was asked for/);
  expect(other.code).toBe(42);
  const [good, diverging] = [await road.trial(0, set), await road.trial(1, set)];
  expect(good.output).toMatch(/trial 1 of 3 .*is trained: validation accuracy/);
  expect(diverging.output).toMatch(/trial 2 of 3 .*failed: training diverged/);
  expect([good.code, diverging.code]).toEqual([0, 0]); // a result like others: the Job goes on

  const dry = await road.start(set, { more: ["--dry-run"] });
  expect(dry.output).toContain("would train 1 of 3 trials (2 are done)");
  const { code, output } = await road.start(set);
  expect(output).not.toMatch(/trial [12] of 3: epoch/);
  expect(output).toContain("is promoted to dev");
  expect(code).toBe(0);
  const { parent, trials } = await road.runs();
  expect(parent).toMatchObject([{ name: "iris-dev-sweep", status: "FINISHED", metrics: { trained_trials: 2 } }]);
  expect(trials.map(({ tags }) => tags["mlflow.parentRunId"])).toEqual(Array(3).fill(parent[0]?.runId));
});

test("texts are swept too", { timeout }, async () => {
  await using road = await createRoad();
  const checkpoint = join(road.folder, "checkpoint");
  await writeSmallCheckpoint(checkpoint);
  const training = ["epochs=3", `transformer.checkpoint=${checkpoint}`, "transformer.maxTokens=48"];
  const set = [
    grid("training.learningRate: { values: [0.003, 0.00001] }, training.transformer.freeze.blocks: { values: [0] }"),
    ...[...training.map((one) => `training.${one}`), "gate.minimum=0.1"],
  ];
  const { code, output } = await road.start(set, { more: ["--model", "text"] });
  expect(output).toContain("trial 1 of 2 won");
  expect(output).toContain("is promoted to dev");
  expect(code).toBe(0);
  expect((await road.release("text")).runId).toBe((await road.runs()).trials[0]?.runId);
});
