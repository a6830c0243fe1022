import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getOctokit } from "@actions/github";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { overlayPath } from "#actions/gitops/overlay.ts";
import { createActionCheckout } from "#test/parts/action-checkout.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { createGitHubRoad, promoting } from "#test/parts/github-road.ts";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { registered, sha256Of } from "#test/parts/release.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { Release } from "#training/release.ts";

// The actions that write to GitHub, as a runner starts them, with a token that may do what their job may
const slipway = await createActionCheckout();
const { uri } = await sharedMlflow();
const client = createMlflowClient({ trackingUri: uri });

beforeAll(() => slipway.bundle());
afterAll(async () => {
  await client.close();
  await slipway[Symbol.asyncDispose]();
});

/** GitHub, MLflow and a checkout with the configuration of a model of its own that has two registered versions. */
async function createRoad(options: Parameters<typeof createGitHubRoad>[0] = {}) {
  const model = `iris-${randomUUID().slice(0, 8)}`;
  const road = await createGitHubRoad({ models: [model], ...options });
  const checkout = await createCheckout();
  for (const file of ["dev.yaml", "prod.yaml", "models/iris.yaml"]) {
    const text = await readFile(join(import.meta.dirname, "../../config", file), "utf8");
    await checkout.write(join("config", file.replace("iris", model)), text);
  }
  await client.createRegisteredModel({ name: model });
  const experimentId = await client.getOrCreateExperiment(model);
  const { runId } = await client.createRun({ experimentId });
  for (let version = 0; version < 2; version++) {
    const { modelId } = await client.createLoggedModel({ experimentId, name: model, sourceRunId: runId });
    await client.createModelVersion({
      name: model,
      source: `models:/${modelId}`,
      modelId,
      runId,
      description: "",
      tags: {},
    });
  }
  const env = {
    GITHUB_API_URL: road.hub.apiUrl,
    GITHUB_SERVER_URL: road.hub.serverUrl,
    GITHUB_REPOSITORY: road.repository,
    MLFLOW_TRACKING_URI: uri,
  };
  return {
    ...road,
    model,
    checkout,
    write: (version: number, file = "release.json") =>
      checkout.write(file, JSON.stringify({ ...registered(version, road.start), model })),
    release: async (file = "release.json") =>
      Release.parse(JSON.parse(await readFile(join(checkout.path, file), "utf8"))),
    act: (name: string, inputs: Record<string, string> = {}, change: Record<string, string> = {}) =>
      slipway.act(
        name,
        { token: road.hub.token(promoting), ...inputs },
        { cwd: checkout.path, env: { ...env, ...change } },
      ),
    alias: async () => (await client.getRegisteredModel(model))?.aliases["champion-dev"],
    [Symbol.asyncDispose]: async () => {
      await checkout[Symbol.asyncDispose]();
      await road[Symbol.asyncDispose]();
    },
  };
}

describe("promote", () => {
  test("commits a release with its image, moves the alias, and does nothing the second time", async () => {
    await using road = await createRoad();
    await road.write(1);
    const inputs = { "image-digest": sha256Of("d") };
    const first = await road.act("promote", inputs);
    expect({ code: first.code, output: first.output }).toMatchObject({ code: 0 });
    const [head, ...older] = await road.log("%H");
    expect(older).toEqual([road.start]);
    expect(first.outputs).toEqual({ kind: "promoted", commit: head, "pull-request": "", version: "1" });
    expect(first.summary).toContain(`/${road.repository}/commit/${head}`);
    expect(await road.inPlace({ model: road.model })).toMatchObject({ version: "1", image: { digest: sha256Of("d") } });
    expect(await road.release()).toMatchObject({ state: "promoted", commit: { sha: head } });
    expect(await road.alias()).toBe("1");

    const again = await road.act("promote", inputs);
    expect(again).toMatchObject({ code: 0, outputs: { kind: "no-op", commit: "", version: "" } });
    expect(await road.log("%H")).toHaveLength(2);
  });

  test("proposes by a pull request where the configuration says so", async () => {
    await using road = await createRoad();
    await road.write(1);
    const proposed = await road.act("promote", { mode: "pull-request" });
    expect(proposed).toMatchObject({ code: 0, outputs: { kind: "proposed", commit: "", version: "1" } });
    expect(proposed.outputs["pull-request"]).toMatch(/^\d+$/);
    expect(await road.log("%H")).toEqual([road.start]);
    expect(await road.alias()).toBeUndefined();
  });

  test("leaves an older version out with 0, and refuses a blocked one with 4", async () => {
    await using road = await createRoad();
    await road.write(2);
    expect(await road.act("promote")).toMatchObject({ code: 0, outputs: { kind: "promoted", version: "2" } });
    await road.write(1);
    expect(await road.act("promote")).toMatchObject({ code: 0, outputs: { kind: "superseded", version: "" } });
    await client.setModelVersionTag(road.model, "1", { key: "blocked", value: "wrong\n::error:: labels" });
    const refused = await road.act("promote");
    expect(refused).toMatchObject({ code: 4, outputs: { kind: "refused", commit: "" } });
    expect(refused.output).toMatch(/^::error::.*version 1 is blocked: wrong%0A::error:: labels/m);
    expect(refused.output.split("\n").filter((line) => line.startsWith("::"))).toHaveLength(1);
  });

  test("waits for an MLflow that is away, which alone knows what is blocked", async () => {
    await using road = await createRoad();
    await road.write(1);
    const away = await road.act("promote", {}, { MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}` });
    expect(away).toMatchObject({
      code: 4,
      output: expect.stringContaining("when MLflow answers again, re-run this job"),
    });
    expect(await road.log("%H")).toEqual([road.start]);
  });

  test("says which permission it lacks, with 42", async () => {
    await using road = await createRoad();
    await road.write(1);
    const token = road.hub.token({ contents: "read" });
    const { code, output } = await road.act("promote", { token });
    expect({ code, output }).toMatchObject({ code: 42, output: expect.stringContaining("contents: write") });
    expect(await road.act("promote", { token: "" })).toMatchObject({
      code: 42,
      output: expect.stringContaining("token: is missing"),
    });
  });
});

describe("a promotion that a deployment follows", () => {
  const deploying = { contents: "read", statuses: "read", deployments: "write" } as const;

  async function deploy(state: "success" | "failure") {
    const road = await createRoad();
    await road.write(1);
    const { outputs } = await road.act("promote", { alias: "deployment" });
    const commit = outputs["commit"] ?? "";
    expect(await road.alias()).toBeUndefined();
    const context = `slipway/argocd (serving-dev-${road.model})`;
    const [owner = "", repo = ""] = road.repository.split("/");
    const argocd = getOctokit(road.hub.token({ statuses: "write" }), { baseUrl: road.hub.apiUrl });
    await argocd.rest.repos.createCommitStatus({ owner, repo, sha: commit, context, state, description: "as it is" });
    const inputs = { model: road.model, commit, token: road.hub.token(deploying), set: "argocd.url=https://argo.test" };
    const acted = await road.act("await-sync", inputs, { GITHUB_SHA: road.start });
    const [deployment] = road.hub.state.deployments;
    return { road, acted, alias: await road.alias(), deployment };
  }

  test("leaves the alias to await-sync, which moves it once the cluster runs the version", async () => {
    const { road, acted, alias, deployment } = await deploy("success");
    await using _ = road;
    expect(acted, acted.output).toMatchObject({ code: 0, outputs: { kind: "deployed", version: "1" } });
    expect(alias).toBe("1");
    const environmentUrl = `https://argo.test/applications/argocd/serving-dev-${road.model}`;
    expect(deployment).toMatchObject({
      sha: road.start,
      environment: `dev/${road.model}`,
      statuses: [
        { state: "in_progress", environmentUrl },
        { state: "success", environmentUrl },
      ],
    });
  });

  test("and moves nothing where the cluster does not", async () => {
    const { road, acted, alias, deployment } = await deploy("failure");
    await using _ = road;
    expect(acted).toMatchObject({ code: 1, outputs: { kind: "failed" } });
    expect(acted.output).toContain("To go back to the version before, run the workflow rollback");
    expect(alias).toBeUndefined();
    expect(deployment?.statuses.map(({ state }) => state)).toEqual(["in_progress", "failure"]);
  });
});

describe("rollback", () => {
  test("brings the version before back, blocks the bad one, and opens an issue", async () => {
    await using road = await createRoad();
    for (const version of [1, 2]) {
      await road.write(version);
      expect((await road.act("promote")).outputs["kind"]).toBe("promoted");
    }
    const reason = "answers `virginica` for @everyone\n::error::x";
    const back = await road.act("rollback", { model: road.model, reason });
    expect({ code: back.code, output: back.output }).toMatchObject({ code: 0 });
    const [head] = await road.log("%H");
    expect(back.outputs).toEqual({
      kind: "promoted",
      commit: head,
      "pull-request": "",
      version: "1",
      "from-version": "2",
      "issue-url": expect.stringMatching(/\/issues\/\d+$/),
    });
    expect(back.output.split("\n").filter((line) => line.startsWith("::"))).toEqual([]);
    expect(back.summary).not.toContain("@everyone");
    expect(await road.inPlace({ model: road.model })).toMatchObject({ version: "1" });
    expect((await client.getModelVersion(road.model, "2"))?.tags["blocked"]).toContain("virginica");
    expect(await road.alias()).toBe("1");

    const again = await road.act("rollback", { model: road.model, reason });
    expect(again).toMatchObject({
      code: 0,
      outputs: { kind: "no-op", version: "1", "issue-url": back.outputs["issue-url"] },
    });
  });

  test("goes on without MLflow, and says what is left to do", async () => {
    await using road = await createRoad();
    for (const version of [1, 2]) {
      await road.write(version);
      await road.act("promote");
    }
    const away = { MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}` };
    const back = await road.act("rollback", { model: road.model, reason: "slow", "to-version": "1" }, away);
    expect(back).toMatchObject({ code: 4, outputs: { kind: "promoted", version: "1" } });
    expect(back.output).toMatch(/^::warning title=rollback is not whole::version 2 is not tagged blocked/m);
    expect(back.output).toMatch(/^::error::.*back to 1.*Run this again, it does what is left/m);
    expect(await road.inPlace({ model: road.model })).toMatchObject({ version: "1" });

    const whole = await road.act("rollback", { model: road.model, reason: "slow", "to-version": "1" });
    expect(whole).toMatchObject({ code: 0, outputs: { kind: "no-op", version: "1" } });
    expect((await client.getModelVersion(road.model, "2"))?.tags["blocked"]).toBe("slow");
  });

  test("refuses to go back to a blocked version with 4", async () => {
    await using road = await createRoad();
    for (const version of [1, 2]) {
      await road.write(version);
      await road.act("promote");
    }
    await client.setModelVersionTag(road.model, "1", { key: "blocked", value: "worse" });
    const refused = await road.act("rollback", { model: road.model, reason: "slow", "to-version": "1" });
    expect(refused).toMatchObject({ code: 4, outputs: { kind: "refused", commit: "", version: "" } });
  });
});

test("plan and register read the overlay of the repository that promotion goes to", async () => {
  await using road = await createRoad();
  await road.write(1);
  await road.act("promote");
  const set = `promotion.repository=${road.repository}\nmodels.uri=./kept`;
  const { code, outputs, output } = await road.act("plan", { models: road.model, set });
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(JSON.parse(outputs["matrix"] ?? "").include[0]).toMatchObject({
    kind: "train",
    reason: "its content differs from that of version 1",
    "champion-version": "1",
  });
  expect(await readFile(join(road.checkout.path, overlayPath("dev", "iris")), "utf8")).toContain('model-version: ""');
});
