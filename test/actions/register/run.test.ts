import "@tensorflow/tfjs-backend-cpu";
import { randomUUID } from "node:crypto";
import { appendFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type Registration, register } from "#actions/register/run.ts";
import { Config } from "#config/schema.ts";
import { candidateOf } from "#test/parts/candidate.ts";
import { damaging } from "#test/parts/damaging.ts";
import { digestOf, evaluated } from "#test/parts/evaluation.ts";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { runOracle } from "#test/parts/python.ts";
import { severing } from "#test/parts/severing.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { contentsOf, seededModel } from "#test/training/package/fixtures.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { moveChampionAlias } from "#training/mlflow/production.ts";
import { writePackage } from "#training/package/write.ts";
import type { Verdict } from "#training/verdict.ts";

const Answers = z.object({
  answers: z.record(z.string(), z.array(z.array(z.number()))),
  refusal: z.string().nullable(),
});
const passed: Verdict = {
  kind: "pass",
  reason: "accuracy 90 % reaches 60 %",
  metric: "accuracy",
  role: "test",
  rules: [],
};
const { evaluation } = evaluated([
  { label: "setosa", candidate: "setosa", times: 9 },
  { label: "virginica", candidate: "setosa" },
]);

/** A model of its own name with a package and a run in the real MLflow, and its registrations. */
async function createRoad({ seed = 1 } = {}) {
  const folder = await temporaryFolder();
  const { uri } = await sharedMlflow();
  const client = createMlflowClient({ trackingUri: uri });
  const model = `iris-${randomUUID().slice(0, 8)}`;
  const network = seededModel("softmax", seed);
  const contents = contentsOf(network, { name: model });
  const { digest } = await writePackage(join(folder.path, "model"), contents);
  const experimentId = await client.getOrCreateExperiment(model);
  const { runId } = await client.createRun({ experimentId });
  const config = Config.parse({
    env: "dev",
    model,
    description: "Fisher's irises",
    data: { format: "table", path: "iris", features: [{ name: "sepal_length" }], label: "species" },
  });
  const registration: Registration = {
    candidate: candidateOf({ model, modelDigest: digest, run: { trackingUri: uri, experimentId, runId } }),
    evaluation: { ...evaluation, model, candidate: { ...evaluation.candidate, modelDigest: digest } },
    verdict: passed,
    package: { folder: join(folder.path, "model"), uri: `./outputs/dev/models/${model}` },
  };
  return {
    model,
    network,
    contents,
    client,
    registration,
    runId,
    register: (change: Partial<Registration> = {}) => register({ ...registration, ...change }, { client, config }),
    versions: () => client.searchModelVersions(`name = '${model}'`),
    through: async (trackingUri: string) => {
      const detour = createMlflowClient({ trackingUri });
      return await register(registration, { client: detour, config }).finally(() => detour.close());
    },
    away: async (change: Partial<Registration> = {}) => {
      const nobody = createMlflowClient({ trackingUri: `http://127.0.0.1:${await freePort()}` });
      return await register({ ...registration, ...change }, { client: nobody, config });
    },
    withConfig: (gate: Partial<Config["gate"]>, change: Partial<Registration> = {}) =>
      register({ ...registration, ...change }, { client, config: { ...config, gate: { ...config.gate, ...gate } } }),
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("a candidate that passed", () => {
  test("becomes a version in Staging with alias, description and lineage, and Python predicts the same", async () => {
    await using road = await createRoad();
    const result = await road.register();
    const { candidate } = road.registration;
    expect(result).toMatchObject({
      kind: "registered",
      isNew: true,
      release: {
        state: "registered",
        version: "1",
        modelDigest: candidate.modelDigest,
        runId: road.runId,
        metric: { name: "accuracy", value: 0.9 },
        verdict: { kind: "pass", reason: passed.reason },
      },
    });
    const version = await road.client.getModelVersionByAlias(road.model, "staging");
    expect(version).toMatchObject({
      version: "1",
      stage: "Staging",
      runId: road.runId,
      description: expect.stringMatching(
        /^accuracy 90 % on 10 test examples, which was looked at 3 times\.\n\nGate: accuracy 90 % reaches 60 %\.\n\nTrained from commit 0123456789ab for dev/,
      ),
      tags: {
        env: "dev",
        verdict: "pass",
        git_sha: candidate.git?.sha,
        git_dirty: "false",
        content_hash: candidate.contentHash,
        model_digest: candidate.modelDigest,
        data_fingerprint: candidate.data.fingerprint,
        test_looks: "3",
      },
    });
    expect(await road.client.getRegisteredModel(road.model)).toMatchObject({ description: "Fisher's irises" });
    expect((await road.client.getRun(road.runId)).tags).toMatchObject({ verdict: "pass", registered_version: "1" });

    const uris = [`models:/${road.model}@staging`, `models:/${road.model}/Staging`];
    const rows = Array.from({ length: 3 }, (_, row) => [...road.contents.inputExample.slice(4 * row, 4 * row + 4)]);
    const request = { trackingUri: road.client.uri, uris, rows };
    const { answers, refusal } = Answers.parse(await runOracle("test/actions/register/registered_oracle.py", request));
    const ours = [...tidy(() => (road.network.predict(tensor(rows)) as Tensor).dataSync())];
    for (const uri of uris) {
      const theirs = answers[uri]?.flat() ?? [];
      expect(theirs).toHaveLength(ours.length);
      for (const [index, probability] of theirs.entries())
        expect(probability).toBeCloseTo(ours[index] ?? Number.NaN, 5);
    }
    expect(refusal).toMatch(/does not match expected shape/);
  }, 300_000);

  test("registered before is found again, not doubled, and stands for the commit that asks now", async () => {
    await using road = await createRoad();
    await road.register();
    const git = { sha: "f".repeat(40), dirty: false };
    expect(await road.register({ git })).toMatchObject({
      kind: "registered",
      isNew: false,
      release: { version: "1", gitSha: git.sha },
    });
    expect(await road.versions()).toHaveLength(1);
  });

  test("registered by three runs at once is one version that all three return", async () => {
    await using road = await createRoad();
    const results = await Promise.all([road.register(), road.register(), road.register()]);
    const [only, ...others] = await road.versions();
    expect(others).toEqual([]);
    expect(results.map((result) => result.kind === "registered" && result.release.version)).toEqual(
      results.map(() => only?.version),
    );
    expect((await road.client.getModelVersionByAlias(road.model, "staging"))?.version).toBe(only?.version);
  });

  test("takes Staging over from the version before, which is archived", async () => {
    await using road = await createRoad();
    await road.register();
    const candidate = { ...road.registration.candidate, contentHash: digestOf("9") };
    expect(await road.register({ candidate })).toMatchObject({ release: { version: "2" } });
    expect((await road.versions()).map(({ version, stage }) => [version, stage])).toEqual([
      ["2", "Staging"],
      ["1", "Archived"],
    ]);
    expect((await road.client.getModelVersionByAlias(road.model, "staging"))?.version).toBe("2");
  });

  test("becomes the environment's champion once it is deployed", async () => {
    await using road = await createRoad();
    const result = await road.register();
    if (result.kind !== "registered") throw new Error(result.reason);
    await moveChampionAlias(road.client, result.release);
    expect((await road.client.getModelVersion(road.model, "1"))?.aliases.sort()).toEqual(["champion-dev", "staging"]);
  });
});

describe("nothing is registered", () => {
  test("of a candidate that failed: its run says why", async () => {
    await using road = await createRoad();
    const verdict: Verdict = { ...passed, kind: "fail", reason: "accuracy 90 % is under 99 %" };
    expect(await road.register({ verdict })).toEqual({ kind: "discarded", reason: verdict.reason });
    expect(await road.client.getRegisteredModel(road.model)).toBeUndefined();
    expect((await road.client.getRun(road.runId)).tags).toMatchObject({
      verdict: "fail",
      failure_reason: verdict.reason,
    });
  });

  test("of a candidate that failed while MLflow is away: it is discarded all the same", async () => {
    await using road = await createRoad();
    const verdict: Verdict = { ...passed, kind: "fail", reason: "too bad" };
    expect(await road.away({ verdict })).toEqual({
      kind: "discarded",
      reason: "too bad",
      warning: expect.stringContaining("no answer from MLflow"),
    });
    const { run, ...candidate } = road.registration.candidate;
    expect(await road.register({ verdict, candidate })).toMatchObject({
      kind: "discarded",
      warning: expect.stringContaining("not seen"),
    });
  });

  test("while the verdict is open and the environment holds it; where it passes, it passes with the warning", async () => {
    await using road = await createRoad();
    const verdict: Verdict = { ...passed, kind: "inconclusive", reason: "too few rows" };
    expect(await road.withConfig({ onInconclusive: "hold" }, { verdict })).toMatchObject({
      kind: "held",
      reason: expect.stringContaining("too few rows"),
    });
    expect(await road.versions()).toEqual([]);
    expect(await road.withConfig({ onInconclusive: "pass" }, { verdict })).toMatchObject({ kind: "registered" });
    expect((await road.versions())[0]?.description).toContain("passes with a warning");
  });

  test("while MLflow is away, or has not seen the run; how to go on is told", async () => {
    await using road = await createRoad();
    const next = expect.stringContaining(`npm start -- --env dev --model ${road.model}`);
    expect(await road.away()).toEqual({ kind: "held", reason: expect.stringContaining("no answer from MLflow"), next });
    const { run, ...candidate } = road.registration.candidate;
    expect(await road.register({ candidate })).toEqual({
      kind: "held",
      reason: expect.stringContaining("not seen the run"),
      next,
    });
    expect(await road.register()).toMatchObject({ kind: "registered", isNew: true });
  });

  test("where MLflow's store gives other bytes back than it got", async () => {
    await using road = await createRoad();
    await using store = await damaging(road.client.uri, "/data/model.h5");
    await expect(road.through(store.uri)).rejects.toThrow(
      /data\/model\.h5: MLflow gives back sha256:.*nothing was registered/,
    );
    expect(await road.client.getRegisteredModel(road.model)).toBeUndefined();
    expect(await road.register()).toMatchObject({ kind: "registered", isNew: true });
  });

  test("twice where answers are lost: what MLflow did without saying so is found the next time", async () => {
    await using road = await createRoad();
    await using wire = await severing(road.client.uri);
    let result = await road.through(wire.uri);
    for (let tries = 0; result.kind === "held" && tries < 20; tries++) result = await road.through(wire.uri);
    expect(wire.severed).toContain("POST /api/2.0/mlflow/model-versions/create");
    expect(result).toMatchObject({ kind: "registered", isNew: false, release: { version: "1" } });
    expect(await road.versions()).toHaveLength(1);
  });

  test("of a package with a changed file, which is named", async () => {
    await using road = await createRoad();
    await appendFile(join(road.registration.package.folder, "data/model.h5"), "x");
    await expect(road.register()).rejects.toThrow(/data\/model\.h5: is sha256:\w+, the package says sha256:/);
    expect(await road.client.getRegisteredModel(road.model)).toBeUndefined();
  });

  test("of a package that is not the candidate's", async () => {
    await using road = await createRoad();
    await using other = await createRoad({ seed: 50 });
    await expect(road.register({ package: other.registration.package })).rejects.toThrow(
      /digests\.txt: is sha256:.*not the candidate's/,
    );
    await expect(road.register({ package: { folder: "/nowhere", uri: "x" } })).rejects.toThrow(
      /is this a model package/,
    );
    expect(await readdir(road.registration.package.folder)).toContain("digests.txt");
  });

  test("of an evaluation of another model, or on validation examples", async () => {
    await using road = await createRoad();
    await expect(road.register({ evaluation })).rejects.toThrow(/evaluate again/);
    await expect(road.register({ verdict: { ...passed, role: "validation" } })).rejects.toThrow(
      /judged on test examples/,
    );
  });
});
