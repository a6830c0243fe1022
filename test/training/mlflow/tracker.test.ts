import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { answering } from "#test/parts/answering.ts";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { readJournal } from "#training/mlflow/journal.ts";
import { replay } from "#training/mlflow/replay.ts";
import { restoreJournal } from "#training/mlflow/restore.ts";
import { createTracker } from "#training/mlflow/tracker.ts";
import { journaledPoints, storedPoints } from "./recorded.ts";

beforeAll(async () => void (await sharedMlflow()));

async function clientOfShared() {
  return createMlflowClient({ trackingUri: (await sharedMlflow()).uri });
}

describe("a tracker", () => {
  it("brings params, metrics, tags, dataset, files, status and times to MLflow", async () => {
    await using folder = await temporaryFolder();
    const client = await clientOfShared();
    const picture = join(folder.path, "curve.svg");
    await writeFile(picture, "<svg/>");
    const before = Date.now();
    const tracker = createTracker({
      journalPath: join(folder.path, "journal"),
      client,
      experiment: "tracker",
      runName: "all of it",
      tags: { "mlflow.user": "ada" },
    });
    tracker.logParams({ epochs: 3, optimizer: "adam", shuffle: true, long: "x".repeat(7_000) });
    tracker.logParams({ epochs: 3 });
    for (let step = 1; step <= 3; step++)
      tracker.logMetrics(step, { loss: 1 / step, accuracy: step === 3 ? Number.NaN : 0.5 });
    tracker.setTags({ device: "cpu" });
    tracker.logDataset({
      name: "iris",
      digest: "0123456789abcdef",
      sourceType: "local",
      source: "{}",
      context: "training",
    });
    tracker.logArtifact("plots/curve.svg", picture);
    await sleep(20);
    tracker.end("FINISHED");
    const ended = Date.now();
    const arrival = await tracker.flush();
    if (!arrival.arrived) throw new Error(arrival.reason);
    const run = await client.getRun(arrival.run.runId);
    expect(run).toMatchObject({ name: "all of it", status: "FINISHED", tags: { "mlflow.user": "ada", device: "cpu" } });
    expect(run.params).toMatchObject({ epochs: "3", optimizer: "adam", shuffle: "true" });
    expect(run.params["long"]).toMatch(/x… \[cut: 7000 characters\]$/);
    expect(run.startTime).toBeGreaterThanOrEqual(before);
    expect(run.endTime).toBeLessThanOrEqual(ended);
    expect(run.endTime ?? 0).toBeGreaterThanOrEqual((run.startTime ?? 0) + 20);
    expect(run.datasets).toHaveLength(1);
    expect((await client.downloadArtifact(run.artifactUri, "plots/curve.svg")).toString()).toBe("<svg/>");
    expect(await storedPoints(client, run.runId)).toEqual(await journaledPoints(tracker.journalPath));
    tracker.close();
    await client.close();
  });

  it("throws at once for what MLflow would refuse later", async () => {
    await using folder = await temporaryFolder();
    const tracker = createTracker({ journalPath: join(folder.path, "journal"), client: undefined, experiment: "e" });
    tracker.logParams({ a: 1 });
    expect(() => tracker.logParams({ a: 2 })).toThrow("param a is 1 and cannot become 2");
    expect(() => tracker.logParams({ "a?": 2 })).toThrow(RangeError);
    expect(() => tracker.logMetrics(1.5, { loss: 1 })).toThrow("step 1.5 is not a whole number");
    expect(() => tracker.logMetrics(1, { "": 1 })).toThrow(RangeError);
    expect(() => tracker.logArtifact("a", join(folder.path, "none"))).toThrow("there is no file");
    expect(() => tracker.logDataset({ name: "d", digest: "x".repeat(64), sourceType: "local", source: "" })).toThrow(
      RangeError,
    );
    expect(await readJournal(tracker.journalPath)).toHaveLength(2);
    tracker.close();
  });

  it("without an MLflow leaves a journal that is replayed once, and then no more", async () => {
    await using folder = await temporaryFolder();
    const tracker = createTracker({
      journalPath: join(folder.path, "journal"),
      client: undefined,
      experiment: "replayed",
    });
    for (let step = 1; step <= 50; step++) tracker.logMetrics(step, { loss: Math.random() });
    tracker.end("FAILED");
    expect(await tracker.flush()).toEqual({ arrived: false, reason: "there was no MLflow to send to" });
    tracker.close();
    const client = await clientOfShared();
    const first = await replay(tracker.journalPath, { client });
    const second = await replay(tracker.journalPath, { client });
    expect(first).toMatchObject({ ended: true, sent: true });
    expect(second).toEqual({ ...first, sent: false });
    const run = await client.getRun(first.run.runId);
    const entries = (await readJournal(tracker.journalPath)).map(({ entry }) => entry);
    const [start, end] = [entries[0], entries.at(-1)];
    if (start?.kind !== "start" || end?.kind !== "end") throw new Error("no start or end");
    expect(run).toMatchObject({ status: "FAILED", startTime: start.time, endTime: end.time });
    expect(await storedPoints(client, run.runId)).toEqual(await journaledPoints(tracker.journalPath));
    const runs = await client.searchRuns({ experimentIds: [first.run.experimentId] });
    expect(runs).toHaveLength(1);
    await client.close();
  });

  it("sends the journal whole again, without a double, when what was acknowledged is forgotten", async () => {
    await using folder = await temporaryFolder();
    const client = await clientOfShared();
    const tracker = createTracker({ journalPath: join(folder.path, "journal"), client, experiment: "forgotten" });
    tracker.logParams({ a: 1 });
    for (let step = 1; step <= 30; step++) tracker.logMetrics(step, { loss: Math.random(), nan: Number.NaN });
    tracker.end("FINISHED");
    const arrival = await tracker.flush();
    tracker.close();
    await writeFile(`${tracker.journalPath}.sent.json`, "{ torn");
    const again = await replay(tracker.journalPath, { client });
    expect(again).toMatchObject({ sent: true, run: arrival.arrived && arrival.run });
    expect(await storedPoints(client, again.run.runId)).toEqual(await journaledPoints(tracker.journalPath));
    await client.close();
  });

  it("sets the journal of an earlier run aside, closed as killed when it has no end", async () => {
    await using folder = await temporaryFolder();
    const options = { journalPath: join(folder.path, "journal"), client: undefined, experiment: "e" };
    const first = createTracker(options);
    first.logMetrics(1, { loss: 1 });
    first.close();
    const second = createTracker(options);
    expect(second.setAside).toBeDefined();
    const aside = (await readJournal(second.setAside ?? "")).map(({ entry }) => entry);
    expect(aside.map(({ kind }) => kind)).toEqual(["start", "metrics", "end"]);
    expect(aside[2]).toMatchObject({ status: "KILLED", time: aside[1]?.kind === "metrics" && aside[1].time });
    expect((await readJournal(second.journalPath)).map(({ entry }) => entry.kind)).toEqual(["start"]);
    second.close();
  });

  it("holds points back until their checkpoint is durable, and resumes the same run from it without a double", async () => {
    await using folder = await temporaryFolder();
    const client = await clientOfShared();
    const options = { journalPath: join(folder.path, "journal"), client, experiment: "resumed", hold: true };
    const first = createTracker(options);
    first.logMetrics(1, { loss: 1 });
    const checkpoint = first.offset;
    first.durable(checkpoint);
    first.logMetrics(2, { loss: 0.5 });
    const arrival = await first.flush();
    if (!arrival.arrived) throw new Error(arrival.reason);
    expect(await storedPoints(client, arrival.run.runId)).toHaveLength(1);
    first.close(); // as SIGKILL would

    const kept = (await readFile(options.journalPath)).subarray(0, checkpoint);
    expect(await restoreJournal(options.journalPath, kept)).toBe(1);
    const second = createTracker({ ...options, resume: true });
    second.logMetrics(2, { loss: 0.5 });
    second.logMetrics(3, { loss: 0.25 });
    second.end("FINISHED");
    expect(await second.flush()).toEqual(arrival);
    second.close();
    const stored = await storedPoints(client, arrival.run.runId);
    expect(stored.map((point) => point.split(" ")[1])).toEqual(["1", "2", "3"]);
    expect(stored).toEqual(await journaledPoints(options.journalPath));
    expect((await client.getRun(arrival.run.runId)).status).toBe("FINISHED");
    await client.close();
  });

  it("says what is missing when a file went away before it was sent, and still ends the run", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "gone.txt");
    await writeFile(file, "x");
    const tracker = createTracker({ journalPath: join(folder.path, "journal"), client: undefined, experiment: "gone" });
    tracker.logArtifact("gone.txt", file);
    tracker.end("FINISHED");
    tracker.close();
    await rm(file);
    const client = await clientOfShared();
    const { run } = await replay(tracker.journalPath, { client });
    expect(await client.getRun(run.runId)).toMatchObject({
      status: "FINISHED",
      tags: { "slipway.missing_artifact": "gone.txt" },
    });
    await client.close();
  });
});

describe("flush", () => {
  it("gives up in its time while nothing listens, and says so", async () => {
    await using folder = await temporaryFolder();
    const client = createMlflowClient({ trackingUri: `http://127.0.0.1:${await freePort()}` });
    const tracker = createTracker({ journalPath: join(folder.path, "journal"), client, experiment: "e" });
    tracker.logMetrics(1, { loss: 1 });
    const began = performance.now();
    expect(await tracker.flush({ timeoutMs: 2_500 })).toMatchObject({
      arrived: false,
      reason: expect.stringContaining("ECONNREFUSED"),
    });
    expect(performance.now() - began).toBeLessThan(4_000);
    tracker.close();
    await client.close();
  });

  it("gives up in its time while MLflow hangs", async () => {
    await using folder = await temporaryFolder();
    await using server = await answering(() => undefined);
    const client = createMlflowClient({ trackingUri: server.uri });
    const tracker = createTracker({ journalPath: join(folder.path, "journal"), client, experiment: "e" });
    const began = performance.now();
    expect(await tracker.flush({ timeoutMs: 500 })).toEqual({
      arrived: false,
      reason: "MLflow acknowledged nothing for 0.5 s",
    });
    expect(performance.now() - began).toBeLessThan(1_500);
    tracker.close();
    await client.close();
  });

  it("does not wait for what repeating cannot mend", async () => {
    await using folder = await temporaryFolder();
    await using server = await answering((_, response) => response.writeHead(401).end("who are you"));
    const client = createMlflowClient({ trackingUri: server.uri });
    const tracker = createTracker({ journalPath: join(folder.path, "journal"), client, experiment: "e" });
    expect(await tracker.flush()).toMatchObject({
      arrived: false,
      reason: expect.stringContaining("MLFLOW_TRACKING_USERNAME"),
    });
    tracker.close();
    await client.close();
  });
});
