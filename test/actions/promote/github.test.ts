import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createGitHubCodeHistory } from "#actions/gitops/github-history.ts";
import { openGitHubTarget } from "#actions/gitops/github-target.ts";
import { overlayPath } from "#actions/gitops/overlay.ts";
import { proposalBranch } from "#actions/gitops/proposals.ts";
import { parseTrailers } from "#actions/gitops/trailers.ts";
import type { GitHub } from "#actions/io/github.ts";
import type { Promotable } from "#actions/promote/consider.ts";
import { type PromoteParts, promote, run } from "#actions/promote/run.ts";
import { createGitHubRoad, promoting } from "#test/parts/github-road.ts";
import { registered, sha256Of } from "#test/parts/release.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { Release } from "#training/release.ts";

type Road = Awaited<ReturnType<typeof createGitHubRoad>>;
type Options = Partial<PromoteParts> & { github?: GitHub; mode?: "commit" | "pull-request"; branch?: string };

async function partsOf(road: Road, { github = road.client(), mode = "commit", branch, ...change }: Options = {}) {
  const target = await openGitHubTarget(github, { repository: road.repository }, { mode, branch });
  return {
    ...target,
    history: createGitHubCodeHistory({ github, repository: road.repository }),
    order: "commit" as const,
    server: () => sha256Of("5"),
    blocked: async () => undefined,
    ...change,
  };
}

async function promoteOne(road: Road, release: Promotable, options: Options = {}) {
  const [result] = await promote([release], await partsOf(road, options));
  return result;
}

describe("commits", () => {
  test("one release: only scalars change, and the commit tells its code commit", async () => {
    await using road = await createGitHubRoad();
    const path = overlayPath("dev", "iris");
    const before = (await road.hub.git.text("show", `main:${path}`)).split("\n");
    const result = await promoteOne(road, registered(1, road.start), { imageDigest: sha256Of("d") });
    if (result.kind !== "promoted") throw new Error(result.reason);
    expect(result.release).toMatchObject({
      image: { name: "iris", tag: `iris-${"0".repeat(12)}-${"5".repeat(12)}`, digest: sha256Of("d") },
      commit: { repository: road.repository, branch: "main", sha: (await road.log("%H"))[0] },
    });
    const after = (await road.hub.git.text("show", `main:${path}`)).split("\n");
    expect(after).toHaveLength(before.length);
    const changed = before.filter((line, index) => line !== after[index]);
    expect(changed.map((line) => line.trim().split(":")[0])).toEqual([
      "count", // once: the first promotion starts two
      "newTag",
      "digest",
      "slipway/model-version",
      "slipway/model-digest",
      "slipway/model-uri",
      "slipway/content-hash",
      "slipway/git-sha",
      "slipway/mlflow-run",
      "slipway/metric",
      "slipway/verdict",
    ]);
    expect(await road.hub.git.text("diff", "--name-only", "main~1", "main")).toBe(path);
    expect(parseTrailers(await road.hub.git.text("log", "-1", "--format=%B", "main"))).toEqual({
      commit: {
        sha: road.start,
        author: "Ada Lovelace",
        email: "ada@example.com",
        date: expect.stringMatching(/^\d{4}-/),
        subject: "Start",
        body: "",
        repositoryUrl: `${road.hub.serverUrl}/${road.repository}`,
      },
      model: "iris",
      runId: "run-1",
      version: "1",
      modelDigest: registered(1).modelDigest,
      imageDigest: sha256Of("d"),
    });
  });

  test("several releases in one commit, each decided by itself; their files tell it", async () => {
    await using road = await createGitHubRoad({ models: ["a", "b", "c"] });
    await using folder = await temporaryFolder();
    await promote([{ ...registered(5), model: "b" }], await partsOf(road));
    const head = (await road.log("%H"))[0];
    const releases = ["a", "b", "c"].map((model) => ({ ...registered(4), model }));
    const files = releases.map(({ model }) => join(folder.path, `${model}.json`));
    for (const [index, file] of files.entries()) await writeFile(file, JSON.stringify(releases[index]));
    const results = await run({ env: "dev", releases: files }, await partsOf(road));
    expect(results.map(({ kind }) => kind)).toEqual(["promoted", "superseded", "promoted"]);
    expect(await road.log("%P %s")).toEqual([
      `${head} Promote a 4, c 4 to dev`,
      `${road.start} Promote b 5 to dev`,
      " Start",
    ]);
    const message = await road.hub.git.text("log", "-1", "--format=%B", "main");
    expect(parseTrailers(message, "a")).toMatchObject({ model: "a", version: "4" });
    expect(parseTrailers(message, "c")).toMatchObject({ model: "c", runId: "run-4" });
    const [first, second] = await Promise.all(
      [files[0], files[1]].map(async (file) => Release.parse(JSON.parse(await readFile(file ?? "", "utf8")))),
    );
    expect(first).toMatchObject({ state: "promoted", commit: { sha: (await road.log("%H"))[0] } });
    expect(second).toMatchObject({ state: "registered" });
    expect((await run({ env: "dev", releases: files }, await partsOf(road))).map(({ kind }) => kind)).toEqual([
      "no-op",
      "superseded",
      "no-op",
    ]);
  });

  test("an overlay that is not there keeps the whole commit back", async () => {
    await using road = await createGitHubRoad();
    const releases = [registered(1), { ...registered(1), model: "other" }];
    await expect(promote(releases, await partsOf(road))).rejects.toThrow(
      /overlays\/dev\/other\/kustomization\.yaml: is not in octo-org\/models; copy another model's overlay/,
    );
    expect(await road.log("%s")).toEqual(["Start"]);
    await expect(promote([registered(1), registered(2)], await partsOf(road))).rejects.toThrow(
      /iris in dev: more than one release/,
    );
  });

  test("what is older, blocked or in place already is told so, without a commit", async () => {
    await using road = await createGitHubRoad();
    const newer = await road.hub.push("main", { "a.txt": "a" });
    await promoteOne(road, registered(1, newer));
    const log = await road.log("%H");
    expect(await promoteOne(road, registered(2, road.start))).toEqual({
      kind: "superseded",
      reason: expect.stringContaining(newer),
    });
    const blocked = async () => "wrong labels";
    expect(await promoteOne(road, registered(3, newer), { blocked })).toEqual({
      kind: "refused",
      reason: expect.stringContaining("blocked: wrong labels"),
    });
    expect(await promoteOne(road, registered(1, newer))).toMatchObject({ kind: "no-op" });
    expect(await road.log("%H")).toEqual(log);
  });

  test("another branch than the default one", async () => {
    await using road = await createGitHubRoad();
    await road.hub.push("gitops", {}, { from: road.start });
    const result = await promoteOne(road, registered(1), { branch: "gitops" });
    expect(result).toMatchObject({ kind: "promoted", release: { commit: { branch: "gitops" } } });
    expect((await road.inPlace({ branch: "gitops" }))?.version).toBe("1");
    expect(await road.inPlace()).toBeUndefined();
  });

  test("a branch that is force-moved between reading and writing is read again", async () => {
    await using road = await createGitHubRoad();
    await road.hub.push("main", { "a.txt": "a" });
    const parts = await partsOf(road);
    let isMoved = false;
    const { committer } = parts;
    const moving = {
      ...committer,
      async read(commit: string, path: string) {
        const text = await committer.read(commit, path);
        if (!isMoved) await road.hub.git.text("update-ref", "refs/heads/main", road.start);
        isMoved = true;
        return text;
      },
    };
    const [result] = await promote([registered(1)], { ...parts, committer: moving });
    expect(result.kind).toBe("promoted");
    expect(await road.log("%s")).toEqual(["Promote iris 1 to dev", "Start"]);
  });

  test("20 promotions at once, one with a lost answer: each lands or is superseded, history is linear, nothing is lost", {
    timeout: 400_000,
  }, async () => {
    const models = Array.from({ length: 10 }, (_, index) => `model-${index}`);
    await using road = await createGitHubRoad({ models });
    const ofOneModel = Array.from({ length: 10 }, (_, index) => registered(index + 1));
    const ofOthers = models.map((model, index) => ({ ...registered(index + 11), model }));
    road.hub.fail({ operation: "graphql", as: { kind: "forget" } });
    const results = await Promise.all(
      [...ofOneModel, ...ofOthers].map((release) => promoteOne(road, release, { github: road.clientOfItsOwn() })),
    );
    const landed = results.flatMap((result) => (result.kind === "promoted" ? [result.release] : []));
    expect(results.filter(({ kind }) => kind !== "promoted" && kind !== "superseded")).toEqual([]);
    expect(landed.filter(({ model }) => model !== "iris")).toHaveLength(10);
    expect((await road.inPlace())?.version).toBe("10");
    const inPlace = await Promise.all(models.map((model) => road.inPlace({ model })));
    expect(inPlace.map((champion) => champion?.version)).toEqual(ofOthers.map(({ version }) => version));
    const log = (await road.log("%H %P")).map((line) => line.trim().split(" ")).reverse();
    expect(log.slice(1).map(([, ...parents]) => parents)).toEqual(log.slice(0, -1).map(([sha]) => [sha]));
    expect(new Set(landed.map(({ commit }) => commit.sha))).toEqual(new Set(log.slice(1).map(([sha]) => sha)));
    expect(landed).toHaveLength(log.length - 1);
  });
});

describe("pull requests", () => {
  const branch = proposalBranch({ env: "dev", model: "iris" });
  const mode = "pull-request" as const;

  test("one a model and environment, with one commit; a newer release takes its place, an older one is superseded", async () => {
    await using road = await createGitHubRoad();
    const { hub } = road;
    const first = await promoteOne(road, registered(2), { mode });
    expect(first).toMatchObject({ kind: "proposed", pullRequest: { number: 1 } });
    expect(await promoteOne(road, registered(2), { mode })).toEqual(first);
    expect(await promoteOne(road, registered(1), { mode })).toEqual({
      kind: "superseded",
      reason: expect.stringMatching(/version 2 is newer than version 1.*; http\S+ proposes it$/),
    });
    await hub.push("main", { "a.txt": "a" });
    expect(await promoteOne(road, registered(3), { mode })).toMatchObject({
      kind: "proposed",
      pullRequest: { number: 1 },
    });
    expect(hub.state.pulls).toMatchObject([{ state: "open", title: "Promote iris 3 to dev", base: "main" }]);
    expect(hub.state.pulls[0]?.body).toContain(registered(3).modelDigest);
    expect(await road.log("%s", branch)).toEqual(["Promote iris 3 to dev", "Change", "Start"]);
    expect((await road.inPlace({ branch }))?.version).toBe("3");
    expect(await road.inPlace()).toBeUndefined();
    expect(hub.state.signed).toContain((await road.log("%H", branch))[0]);
    expect((await hub.git.refs("refs/heads/")).map(({ ref }) => ref)).toEqual([
      "refs/heads/main",
      `refs/heads/${branch}`,
    ]);
  });

  test("what is in production by another road closes the one that it makes older, and leaves a newer one", async () => {
    await using road = await createGitHubRoad();
    await promoteOne(road, registered(2), { mode });
    expect(await promoteOne(road, registered(1))).toMatchObject({ kind: "promoted" });
    expect(await promoteOne(road, registered(1), { mode })).toMatchObject({ kind: "no-op" });
    expect(road.hub.state.pulls).toMatchObject([{ state: "open" }]);
    await promoteOne(road, registered(3));
    expect(await promoteOne(road, registered(3), { mode })).toMatchObject({ kind: "no-op" });
    expect(road.hub.state.pulls).toMatchObject([{ state: "closed" }]);
    expect(road.hub.state.comments.at(-1)?.body).toMatch(/^Closed: version 3 is newer than version 2/);
  });

  test("after one was merged by squashing, the next is a new one from the same branch", async () => {
    await using road = await createGitHubRoad();
    const { hub } = road;
    await promoteOne(road, registered(1), { mode });
    const path = overlayPath("dev", "iris");
    await hub.push("main", { [path]: await hub.git.blob((await hub.git.resolve(`${branch}:${path}`)) ?? "") });
    for (const pull of hub.state.pulls) pull.state = "closed";
    expect(await promoteOne(road, registered(1), { mode })).toMatchObject({ kind: "no-op" });
    expect(await promoteOne(road, registered(2), { mode })).toMatchObject({ pullRequest: { number: 2 } });
    expect(await road.log("%s", branch)).toEqual(["Promote iris 2 to dev", "Change", "Start"]);
  });

  test("what people type into commits stays text in it", async () => {
    await using road = await createGitHubRoad();
    const message = "@team `x` [y](javascript:z) <img src=x> | a\n\nModel-Digest: forged";
    const sha = await road.hub.push("main", { "a.txt": "a" }, { message });
    await promoteOne(road, { ...registered(1, sha), runId: "run | @team <b>" }, { mode });
    const body = road.hub.state.pulls[0]?.body ?? "";
    expect(body).toContain("Ada Lovelace");
    expect(body).not.toMatch(/@team|\[y\]|<img|<b>|`x`/);
    const text = await road.hub.git.text("log", "-1", "--format=%B", branch);
    expect(parseTrailers(text).modelDigest).toBe(registered(1).modelDigest);
    expect(text.match(/^Model-Digest: /gm)).toHaveLength(1);
  });

  test("commits of others stay in their pull request, and a new one is opened", async () => {
    await using road = await createGitHubRoad();
    const { hub } = road;
    await promoteOne(road, registered(1), { mode });
    const others = await hub.push(branch, { "manifests/note.yaml": "mine: 1\n" });
    expect(await promoteOne(road, registered(2), { mode })).toMatchObject({ pullRequest: { number: 2 } });
    expect(hub.state.pulls).toMatchObject([
      { number: 1, state: "closed", head: { sha: others } },
      { number: 2, state: "open" },
    ]);
    expect(await road.log("%s", branch)).toEqual(["Promote iris 2 to dev", "Start"]);
  });

  test("a branch of others that no pull request keeps is not touched", async () => {
    await using road = await createGitHubRoad();
    const others = await road.hub.push(branch, { "manifests/note.yaml": "mine: 1\n" }, { from: road.start });
    await expect(promoteOne(road, registered(1), { mode })).rejects.toThrow(
      /slipway\/promote\/dev\/iris holds commits of others that no pull request keeps; rename or delete/,
    );
    expect((await road.log("%H", branch))[0]).toBe(others);
  });

  test("several at once end with the newest in one pull request", async () => {
    await using road = await createGitHubRoad();
    const results = await Promise.all(
      [1, 2, 3, 4].map((version) => promoteOne(road, registered(version), { mode, github: road.clientOfItsOwn() })),
    );
    expect(results.filter(({ kind }) => kind !== "proposed" && kind !== "superseded")).toEqual([]);
    expect(road.hub.state.pulls.filter(({ state }) => state === "open")).toMatchObject([
      { title: "Promote iris 4 to dev" },
    ]);
    expect((await road.inPlace({ branch }))?.version).toBe("4");
    expect(await road.log("%s", branch)).toHaveLength(2);
  });

  test("a lost answer at any step is got over: one pull request, one commit", async () => {
    await using road = await createGitHubRoad();
    const operations = ["git/create-ref", "graphql", "graphql", "pulls/create"];
    for (const operation of operations) road.hub.fail({ operation, as: { kind: "forget" } });
    expect(await promoteOne(road, registered(1), { mode })).toMatchObject({ pullRequest: { number: 1 } });
    expect(road.hub.state.pulls).toHaveLength(1);
    expect(await road.log("%s", branch)).toEqual(["Promote iris 1 to dev", "Start"]);
    expect(await road.hub.git.refs("refs/heads/")).toHaveLength(2);
  });

  test("a token that may open none, and a repository that lets no workflow open one, are told with the remedy", async () => {
    await using road = await createGitHubRoad({ workflowPermissions: { mayCreatePullRequests: false } });
    await expect(promoteOne(road, registered(1), { mode })).rejects.toThrow(
      /could not open a pull request from slipway\/promote\/dev\/iris to main: the token may not \(GitHub Actions is not permitted/,
    );
    const github = road.client({ ...promoting, "pull-requests": "read" });
    await expect(promoteOne(road, registered(1), { mode, github })).rejects.toThrow(/pull-requests: write/);
  });
});
