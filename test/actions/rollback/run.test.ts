import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFileHistory } from "#actions/gitops/file-history.ts";
import { createGitHubCodeHistory } from "#actions/gitops/github-history.ts";
import { openGitHubTarget } from "#actions/gitops/github-target.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { proposalBranch } from "#actions/gitops/proposals.ts";
import { parseTrailers } from "#actions/gitops/trailers.ts";
import { type PromoteParts, promote } from "#actions/promote/run.ts";
import { type RollbackParts, rollback } from "#actions/rollback/run.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { createGitHubRoad } from "#test/parts/github-road.ts";
import { freePort, sharedMlflow } from "#test/parts/mlflow.ts";
import { registered, sha256Of } from "#test/parts/release.ts";
import { createMlflowClient, type MlflowClient } from "#training/mlflow/client.ts";
import { blockedReason } from "#training/mlflow/production.ts";

let client: MlflowClient;
let away: MlflowClient;
beforeAll(async () => {
  client = createMlflowClient({ trackingUri: (await sharedMlflow()).uri });
  away = createMlflowClient({ trackingUri: `http://127.0.0.1:${await freePort()}`, retryMs: 0 });
});
afterAll(() => Promise.all([client.close(), away.close()]));

const reason = "5 % of `@team`'s requests fail\n\nModel-Version: 9";
let count = 0;

/** A model of its own with three versions in MLflow, and promotions and rollbacks of it on GitHub. */
async function createRoad() {
  const model = `rolled-${process.pid}-${++count}`;
  await client.createRegisteredModel({ name: model });
  for (let i = 0; i < 3; i++) await client.createModelVersion({ name: model, source: `s3://models/${i}` });
  const road = await createGitHubRoad({ models: [model] });
  const target = (mode: "commit" | "pull-request") =>
    openGitHubTarget(
      road.client(),
      { repository: road.repository },
      { mode, branch: undefined, repository: undefined },
    );
  const promoting = async (): Promise<PromoteParts> => ({
    ...(await target("commit")),
    history: createGitHubCodeHistory({ github: road.client(), repository: road.repository }),
    order: "commit",
    server: () => sha256Of("5"),
    blocked: (version) => blockedReason(client, version),
  });
  return {
    ...road,
    model,
    async promoteAll(...versions: number[]) {
      const kinds: string[] = [];
      for (const version of versions) {
        const [result] = await promote([{ ...registered(version), model }], await promoting());
        kinds.push(result.kind);
      }
      return kinds;
    },
    async rollback(
      wanted: { toVersion?: string } = {},
      { mode = "commit", ...parts }: Partial<RollbackParts> & { mode?: "commit" | "pull-request" } = {},
    ) {
      return await rollback(
        { env: "dev", model, reason, ...wanted },
        {
          ...(await target(mode)),
          registry: client,
          issues: { github: road.client(), repository: road.repository },
          ...parts,
        },
      );
    },
    async alias() {
      return (await client.getModelVersionByAlias(model, "champion-dev"))?.version;
    },
    async blocked(version: string) {
      return await blockedReason(client, { model, version });
    },
    [Symbol.asyncDispose]: () => road[Symbol.asyncDispose](),
  };
}

describe("a rollback on GitHub", () => {
  test("blocks the bad version, commits the one before, moves the alias and opens an issue; the bad one can't come back", async () => {
    await using road = await createRoad();
    const { model, hub } = road;
    await road.promoteAll(1, 2, 3);
    const result = await road.rollback();
    expect(result).toMatchObject({
      kind: "promoted",
      version: "2",
      fromVersion: "3",
      commit: { repository: road.repository, branch: "main", sha: (await road.log("%H"))[0] },
      issueUrl: expect.stringMatching(/\/issues\/1$/),
      unfinished: [],
    });
    expect(await road.inPlace({ model })).toMatchObject({ version: "2", modelDigest: registered(2).modelDigest });
    expect(await hub.git.text("diff", "--stat", "main", "main~2")).toBe("");
    expect(await road.blocked("3")).toBe(reason);
    expect(await road.alias()).toBe("2");
    const [subject] = await road.log("%s");
    expect(subject).toBe(`Roll back ${model} in dev from 3 to 2`);
    expect(parseTrailers(await hub.git.text("log", "-1", "--format=%B", "main"), model)).toMatchObject({
      version: "2",
      runId: "run-2",
      rolledBack: "3",
      rollbackReason: "5 % of `@team`'s requests fail  Model-Version: 9",
    });
    expect(hub.state.issues).toMatchObject([{ title: `${model} 3 was rolled back to 2 in dev` }]);
    expect(hub.state.issues[0]?.body).not.toContain("@team");
    expect(hub.state.issues[0]?.body).toContain(`${road.repository}@${(await road.log("%H"))[0]}`);
    expect(await road.promoteAll(3)).toEqual(["refused"]);
  });

  test("again does nothing twice; further back it has to be told", async () => {
    await using road = await createRoad();
    await road.promoteAll(1, 2, 3);
    const first = await road.rollback();
    const log = await road.log("%H");
    expect(await road.rollback()).toMatchObject({
      kind: "no-op",
      version: "2",
      fromVersion: "3",
      commit: { sha: log[0] },
    });
    expect(await road.log("%H")).toEqual(log);
    expect(road.hub.state.issues).toHaveLength(1);
    expect(first.kind).toBe("promoted");
    expect(await road.rollback({ toVersion: "1" })).toMatchObject({ kind: "promoted", version: "1", fromVersion: "2" });
    expect(await road.blocked("2")).toBe(reason);
    expect(road.hub.state.issues).toHaveLength(2);
    expect(await road.rollback({ toVersion: "3" })).toMatchObject({ kind: "refused" });
  });

  test("two at once go back once", async () => {
    await using road = await createRoad();
    await road.promoteAll(1, 2, 3);
    const results = await Promise.all([road.rollback(), road.rollback()]);
    expect(results.map(({ kind }) => kind).sort()).toEqual(["no-op", "promoted"]);
    expect((await road.inPlace({ model: road.model }))?.version).toBe("2");
    expect(await road.log("%H")).toHaveLength(5);
  });

  test("goes on without MLflow; once it is back, the same call does the rest", async () => {
    await using road = await createRoad();
    await road.promoteAll(1, 2, 3);
    const result = await road.rollback({}, { registry: away });
    expect(result).toMatchObject({ kind: "promoted", version: "2", issueUrl: expect.any(String) });
    expect("unfinished" in result && result.unfinished).toEqual([
      expect.stringMatching(/^whether version 2 is blocked is not known: .*no answer from MLflow/),
      "version 3 is not tagged blocked, so that it can be promoted again: MLflow was away",
      "the alias champion-dev does not point to version 2: MLflow was away",
    ]);
    expect(road.hub.state.issues[0]?.body).toContain("not done");
    expect(await road.blocked("3")).toBeUndefined();
    expect(await road.rollback()).toMatchObject({ kind: "no-op", unfinished: [] });
    expect(await road.blocked("3")).toContain("requests fail");
    expect(await road.alias()).toBe("2");
    expect(road.hub.state.issues).toHaveLength(1);
  });

  test("that ended at any point is completed, not doubled", async () => {
    await using road = await createRoad();
    await road.promoteAll(1, 2, 3);
    const { hub } = road;
    const refused = { kind: "status", status: 403, message: "Resource not accessible by integration" } as const;
    hub.fail({ operation: "graphql", as: refused });
    await expect(road.rollback()).rejects.toThrow(/contents: write/);
    expect(await road.blocked("3")).toBe(reason); // first of all
    hub.fail({ operation: "graphql", as: { kind: "forget" } });
    hub.fail({ operation: "issues/create", as: refused });
    const second = await road.rollback();
    expect(second).toMatchObject({ kind: "promoted", issueUrl: undefined });
    expect("unfinished" in second && second.unfinished).toEqual([
      expect.stringMatching(/no issue was opened: Resource not accessible/),
    ]);
    hub.fail({ operation: "issues/create", as: { kind: "forget" } });
    expect(await road.rollback()).toMatchObject({
      kind: "no-op",
      issueUrl: expect.stringMatching(/\/1$/),
      unfinished: [],
    });
    expect(hub.state.issues).toHaveLength(1);
    expect(await road.log("%s")).toHaveLength(5);
  });

  test("finds another release in place meanwhile and leaves it", async () => {
    await using road = await createRoad();
    await road.promoteAll(1, 2);
    const { committer } = await openGitHubTarget(road.client(), { repository: road.repository }, {
      mode: "commit",
    } as never);
    let isFirst = true;
    const late = {
      ...committer,
      async head() {
        const head = await committer.head();
        if (isFirst) await road.promoteAll(3);
        isFirst = false;
        return head;
      },
    };
    expect(await road.rollback({}, { committer: late })).toEqual({
      kind: "refused",
      reason: "another release took the place of version 2 meanwhile; look again",
    });
    expect((await road.inPlace({ model: road.model }))?.version).toBe("3");
  });

  test("through a pull request where the branch is protected", async () => {
    await using road = await createRoad();
    const { hub, model } = road;
    await road.promoteAll(1, 2, 3);
    hub.state.protectedBranches.push({ branch: "main" });
    await expect(road.rollback()).rejects.toThrow(/a rule of the repository keeps changes .*pull-request/);
    const result = await road.rollback({}, { mode: "pull-request" });
    expect(result).toMatchObject({ kind: "proposed", version: "2", fromVersion: "3", pullRequest: { number: 1 } });
    expect(await road.rollback({}, { mode: "pull-request" })).toMatchObject({ pullRequest: { number: 1 } });
    expect((await road.inPlace({ model, branch: proposalBranch({ env: "dev", model }) }))?.version).toBe("2");
    expect((await road.inPlace({ model }))?.version).toBe("3");
    expect(await road.alias()).toBeUndefined(); // once it is merged
    expect(hub.state.issues).toHaveLength(1);
    expect(hub.state.issues[0]?.body).toContain("it is not in production yet");
  });
});

test("a rollback on this machine takes the history of its own repository", async () => {
  await using checkout = await createCheckout();
  const folder = join(checkout.path, "outputs/dev/gitops");
  const committer = await openLocalRepository({ folder, root: checkout.path });
  const parts: PromoteParts = {
    committer,
    history: { relation: async () => "unknown", commit: async () => undefined },
    order: "commit",
    server: () => sha256Of("5"),
    blocked: async () => undefined,
  };
  for (const version of [1, 2]) await promote([registered(version)], parts);
  const files = createFileHistory(folder);
  const request = { env: "dev", model: "iris", reason };
  const result = await rollback(request, { committer, files, registry: undefined });
  expect(result).toMatchObject({ kind: "promoted", version: "1", fromVersion: "2", issueUrl: undefined });
  expect(await rollback(request, { committer, files, registry: undefined })).toMatchObject({ kind: "no-op" });
  await expect(rollback({ ...request, reason: " \n" }, { committer, files, registry: undefined })).rejects.toThrow(
    /needs a reason/,
  );
  await expect(rollback({ ...request, model: "cifar10" }, { committer, files, registry: undefined })).rejects.toThrow(
    /cifar10 has no version in dev/,
  );
});
