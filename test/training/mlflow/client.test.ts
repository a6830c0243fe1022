import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { sharedMlflow } from "#test/parts/mlflow.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient, type MlflowClient } from "#training/mlflow/client.ts";

let client: MlflowClient;
let experimentId: string;

beforeAll(async () => {
  client = createMlflowClient({ trackingUri: (await sharedMlflow()).uri });
  experimentId = await client.getOrCreateExperiment("client");
  return () => client.close();
});

describe("runs", () => {
  it("tells the server's version", async () => {
    expect(await client.version()).toMatch(/^3\.\d+\.\d+$/);
  });

  it("finds an experiment that is there instead of making a second, also when two ask at once", async () => {
    const ids = await Promise.all([1, 2, 3].map(() => client.getOrCreateExperiment("asked at once")));
    expect(new Set(ids).size).toBe(1);
  });

  it("keeps params, tags and every point, and ends with the status and times given", async () => {
    const run = await client.createRun({
      experimentId,
      runName: "one",
      startTime: 1_000,
      tags: { "mlflow.user": "ada" },
    });
    const points = [
      { key: "loss", value: 0.5, timestamp: 2_000, step: 1 },
      { key: "loss", value: Number.NaN, timestamp: 2_001, step: 2 },
      { key: "loss", value: Number.POSITIVE_INFINITY, timestamp: 2_002, step: 3 },
      { key: "loss", value: 1e-300, timestamp: 2_003, step: 4 },
    ];
    await client.logBatch(run.runId, { metrics: points, params: { epochs: "3" }, tags: { "größe/x": "ü" } });
    await client.updateRun(run.runId, { status: "FINISHED", endTime: 3_000 });
    const read = await client.getRun(run.runId);
    expect(read).toMatchObject({
      name: "one",
      status: "FINISHED",
      startTime: 1_000,
      endTime: 3_000,
      params: { epochs: "3" },
    });
    expect(read.tags).toMatchObject({ "mlflow.user": "ada", "größe/x": "ü" });
    expect((await client.metricHistory(run.runId, "loss")).map((point) => point.step)).toEqual([1, 2, 3, 4]);
    expect((await client.metricHistory(run.runId, "loss"))[1]?.value).toBeNaN();
  });

  it("shows a batch once although it was sent twice", async () => {
    const run = await client.createRun({ experimentId });
    const metrics = [1, 2, 3].map((step) => ({ key: "loss", value: step / 3, timestamp: step, step }));
    const batch = { metrics, params: { a: "1" }, tags: { b: "2" } };
    await client.logBatch(run.runId, batch);
    await client.logBatch(run.runId, batch);
    await client.logBatch(run.runId, { metrics: [...metrics, { key: "loss", value: 4 / 3, timestamp: 4, step: 4 }] });
    expect(await client.metricHistory(run.runId, "loss")).toHaveLength(4);
  });

  it("is found by a tag with quotes in its value", async () => {
    const value = "it's";
    const run = await client.createRun({ experimentId, tags: { "slipway.journal": value } });
    const found = await client.searchRuns({
      experimentIds: [experimentId],
      filter: `tags.\`slipway.journal\` = "${value}"`,
    });
    expect(found.map((one) => one.runId)).toEqual([run.runId]);
  });

  it("shows its datasets", async () => {
    const run = await client.createRun({ experimentId });
    const dataset = { name: "iris", digest: "a".repeat(36), sourceType: "local", source: '{"uri":"./data/iris"}' };
    await client.logInputs(run.runId, [{ ...dataset, context: "training", profile: '{"rows":90}' }]);
    await client.logInputs(run.runId, [{ ...dataset, context: "training", profile: '{"rows":90}' }]);
    expect((await client.getRun(run.runId)).datasets).toEqual([
      expect.objectContaining({ ...dataset, context: "training" }),
    ]);
  });
});

describe("artifacts", () => {
  it("come back byte for byte, from memory and from files, with any name", async () => {
    await using folder = await temporaryFolder();
    const big = Buffer.alloc(3_000_000, "0123456789abcdef");
    await writeFile(join(folder.path, "big.bin"), big);
    const { artifactUri } = await client.createRun({ experimentId });
    await client.uploadArtifact(artifactUri, "plots/a b ü+&.txt", Buffer.from("hello"));
    await client.uploadArtifact(artifactUri, "plots/big.bin", { file: join(folder.path, "big.bin") });
    expect((await client.downloadArtifact(artifactUri, "plots/a b ü+&.txt")).toString()).toBe("hello");
    expect((await client.downloadArtifact(artifactUri, "plots/big.bin")).equals(big)).toBe(true);
    expect(await client.listArtifacts(artifactUri)).toEqual([{ path: "plots", isFolder: true, sizeBytes: undefined }]);
    const sizes = (await client.listArtifacts(artifactUri, "plots")).map(({ path, sizeBytes }) => [path, sizeBytes]);
    expect(sizes.sort()).toEqual([
      ["plots/a b ü+&.txt", 5],
      ["plots/big.bin", big.length],
    ]);
  });

  it("goes up as a stream where the store has no multipart upload", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "large.bin");
    await writeFile(file, Buffer.alloc(70 * 1024 * 1024, 7));
    const { artifactUri } = await client.createRun({ experimentId });
    await client.uploadArtifact(artifactUri, "large.bin", { file });
    expect(await client.listArtifacts(artifactUri)).toEqual([
      { path: "large.bin", isFolder: false, sizeBytes: 70 * 1024 * 1024 },
    ]);
  });

  it.each(["../x", "a/../b", "/x", "", "a//b"])("refuses the path %j", async (path) => {
    const { artifactUri } = await client.createRun({ experimentId });
    await expect(client.uploadArtifact(artifactUri, path, Buffer.from("x"))).rejects.toThrow(
      "not a plain artifact path",
    );
  });
});

describe("the registry", () => {
  it("takes a logged model to a version with alias, stage, tags and description", async () => {
    const name = "registry-model";
    const run = await client.createRun({ experimentId });
    const model = await client.createLoggedModel({
      experimentId,
      name: "model",
      sourceRunId: run.runId,
      tags: { framework: "tfjs" },
    });
    await client.uploadArtifact(model.artifactUri, "MLmodel", Buffer.from(`model_id: ${model.modelId}\nflavors: {}\n`));
    await client.finalizeLoggedModel(model.modelId, "LOGGED_MODEL_READY");
    await client.addOutputs(run.runId, [{ modelId: model.modelId }]);
    expect(await client.getRegisteredModel(name)).toBeUndefined();
    expect(await client.getModelVersionByAlias(name, "champion")).toBeUndefined();
    await client.createRegisteredModel({ name, description: "first" });
    await client.createRegisteredModel({ name, description: "second" });
    const source = { source: `models:/${model.modelId}`, modelId: model.modelId, runId: run.runId };
    const first = await client.createModelVersion({ name, ...source, tags: { "git.sha": "a" } });
    const second = await client.createModelVersion({ name, ...source });
    expect([first.version, second.version]).toEqual(["1", "2"]);

    await client.transitionStage(name, "1", { stage: "Staging", archiveExisting: true });
    await client.transitionStage(name, "2", { stage: "Staging", archiveExisting: true });
    await client.setAlias(name, "champion", "1");
    await client.setAlias(name, "champion", "2");
    await client.setModelVersionTag(name, "2", { key: "blocked", value: "slow" });
    await client.setRegisteredModelTag(name, { key: "team", value: "vision" });
    await client.updateModelVersion(name, "2", { description: "the second" });
    await client.updateRegisteredModel(name, { description: "classifies" });

    expect(await client.getModelVersion(name, "1")).toMatchObject({
      stage: "Archived",
      tags: { "git.sha": "a" },
      runId: run.runId,
    });
    expect(await client.getModelVersion(name, "2")).toMatchObject({
      stage: "Staging",
      description: "the second",
      aliases: ["champion"],
    });
    expect(await client.getModelVersion(name, "3")).toBeUndefined();
    expect(await client.getModelVersionByAlias(name, "champion")).toMatchObject({
      version: "2",
      tags: { blocked: "slow" },
      modelId: model.modelId,
    });
    expect(await client.getRegisteredModel(name)).toMatchObject({
      description: "classifies",
      tags: { team: "vision" },
      aliases: { champion: "2" },
    });
    expect((await client.searchModelVersions(`name = '${name}'`)).map(({ version }) => version)).toEqual(["2", "1"]);
    await client.deleteAlias(name, "champion");
    expect(await client.getModelVersionByAlias(name, "champion")).toBeUndefined();
  });
});
