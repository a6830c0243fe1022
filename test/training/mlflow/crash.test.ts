import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { startMlflow } from "#test/parts/mlflow.ts";
import { severing } from "#test/parts/severing.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { readJournal } from "#training/mlflow/journal.ts";
import { replay } from "#training/mlflow/replay.ts";
import { createTracker, type Tracker } from "#training/mlflow/tracker.ts";
import { journaledPoints, storedPoints } from "./recorded.ts";

let mlflow: Awaited<ReturnType<typeof startMlflow>>;

beforeAll(async () => {
  mlflow = await startMlflow();
  return () => mlflow[Symbol.asyncDispose]();
});

/** Trains, after its fashion: a point every few milliseconds. */
async function train(tracker: Tracker, steps: { from: number; to: number }): Promise<void> {
  for (let step = steps.from; step <= steps.to; step++) {
    tracker.logMetrics(step, { loss: 1 / step, accuracy: Math.random(), rate: 0.1 });
    await sleep(2);
  }
}

async function expectWhole(tracker: Tracker, status: string): Promise<void> {
  const client = createMlflowClient({ trackingUri: mlflow.uri });
  const { run } = await replay(tracker.journalPath, { client });
  const entries = (await readJournal(tracker.journalPath)).map(({ entry }) => entry);
  const end = entries.at(-1);
  expect(await client.getRun(run.runId)).toMatchObject({ status, endTime: end?.kind === "end" ? end.time : "no end" });
  expect(await storedPoints(client, run.runId)).toEqual(await journaledPoints(tracker.journalPath));
  const filter = `tags.\`mlflow.runName\` = '${entries[0]?.kind === "start" ? entries[0].runName : ""}'`;
  expect(await client.searchRuns({ experimentIds: [run.experimentId], filter })).toHaveLength(1);
  await client.close();
}

describe("a run arrives whole, once, with its true end", () => {
  it("when MLflow goes away before its end, or is back only after its start", async () => {
    await using folder = await temporaryFolder();
    const client = createMlflowClient({ trackingUri: mlflow.uri });
    const options = (runName: string) => ({
      journalPath: join(folder.path, runName),
      client,
      experiment: "crash",
      runName,
    });
    const early = createTracker(options("early"));
    await train(early, { from: 1, to: 200 });
    await mlflow.stop();
    await train(early, { from: 201, to: 220 });
    early.end("FAILED");
    expect(await early.flush({ timeoutMs: 1_500 })).toMatchObject({ arrived: false });
    early.close();

    const late = createTracker(options("late"));
    await train(late, { from: 1, to: 100 });
    await mlflow.start();
    await train(late, { from: 101, to: 200 });
    late.end("FINISHED");
    expect(await late.flush()).toMatchObject({ arrived: true });
    late.close();
    await expectWhole(early, "FAILED"); // replays what had not arrived
    await expectWhole(late, "FINISHED");
    await client.close();
  }, 120_000);

  it("when MLflow is killed while it is sent to", async () => {
    await using folder = await temporaryFolder();
    const client = createMlflowClient({ trackingUri: mlflow.uri });
    const tracker = createTracker({
      journalPath: join(folder.path, "journal"),
      client,
      experiment: "crash",
      runName: "middle",
    });
    await train(tracker, { from: 1, to: 300 }); // a batch is under way all the time from here on
    await mlflow.stop("SIGKILL");
    await train(tracker, { from: 301, to: 350 });
    await mlflow.start();
    tracker.end("KILLED");
    expect(await tracker.flush()).toMatchObject({ arrived: true });
    tracker.close();
    await expectWhole(tracker, "KILLED");
    await client.close();
  }, 120_000);

  it("when each answer of MLflow is lost once, after it did what was asked", async () => {
    await using folder = await temporaryFolder();
    await using between = await severing(mlflow.uri);
    const client = createMlflowClient({ trackingUri: between.uri, retryMs: 0 });
    const tracker = createTracker({
      journalPath: join(folder.path, "journal"),
      client,
      experiment: "crash",
      runName: "severed",
    });
    tracker.logParams({ a: 1 });
    tracker.logDataset({ name: "iris", digest: "abc", sourceType: "local", source: "{}", context: "training" });
    await train(tracker, { from: 1, to: 50 });
    tracker.end("FINISHED");
    expect(await tracker.flush()).toMatchObject({ arrived: true });
    tracker.close();
    expect(between.severed).toContain("POST /api/2.0/mlflow/runs/create");
    expect(between.severed).toContain("POST /api/2.0/mlflow/runs/log-batch");
    expect(between.severed).toContain("POST /api/2.0/mlflow/runs/update");
    await expectWhole(tracker, "FINISHED");
    await client.close();
  }, 120_000);

  it("when training itself is killed, whatever it was doing", async () => {
    await using folder = await temporaryFolder();
    const journalPath = join(folder.path, "journal");
    for (const afterMs of [0, 150, 400, 700]) {
      const path = `${journalPath}-${afterMs}`;
      const child = spawn(process.execPath, [join(import.meta.dirname, "endless-run.ts"), path, mlflow.uri]);
      while ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) await sleep(10); // until it has begun a run
      await sleep(afterMs);
      child.kill("SIGKILL");
      await once(child, "exit");
      const client = createMlflowClient({ trackingUri: mlflow.uri });
      const next = createTracker({ journalPath: path, client: undefined, experiment: "crash" });
      next.close();
      const { run } = await replay(next.setAside ?? "", { client });
      expect(await client.getRun(run.runId)).toMatchObject({ status: "KILLED" });
      expect(await storedPoints(client, run.runId)).toEqual(await journaledPoints(next.setAside ?? ""));
      await client.close();
    }
  }, 120_000);
});
