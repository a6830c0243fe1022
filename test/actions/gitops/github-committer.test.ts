import { describe, expect, test } from "vitest";
import type { Change } from "#actions/gitops/committer.ts";
import { createGitHubCommitter } from "#actions/gitops/github-committer.ts";
import { BadInputError } from "#config/bad-input.ts";
import type { TokenPermissions } from "#test/parts/github/start.ts";
import { createGitHubRoad, promoting, slipwayApp } from "#test/parts/github-road.ts";

const message = "Promote iris 1 to dev\n\nversion 1 is the first\n\nModel-Version: 1";
const changeOn = (expectedHead: string, text = "tag: 1\n"): Change => ({
  expectedHead,
  message,
  files: { "manifests/a.yaml": text },
});

describe("a branch on GitHub", () => {
  test("is the default one unless another is named; a commit on it is signed and holds what was given, byte for byte", async () => {
    await using road = await createGitHubRoad();
    const { hub, repository, start } = road;
    const committer = await createGitHubCommitter({ github: road.client(), repository });
    expect(committer).toMatchObject({ repository, branch: "main" });
    expect(await committer.head()).toBe(start);
    const text = "\ufeffa: ä\r\nb:  1 # tab\there\r\n";
    const files = { "manifests/new folder/ä.yaml": text, "manifests/priority/x": undefined };
    await hub.push("main", { "manifests/priority/x": "gone\n" });
    const result = await committer.commit({ expectedHead: await committer.head(), message, files });
    if (result.kind !== "committed") throw new Error(result.reason);
    expect(await committer.head()).toBe(result.sha);
    expect(hub.state.signed).toContain(result.sha);
    expect(await hub.git.text("log", "-1", "--format=%B", result.sha)).toBe(message);
    expect(await committer.read(result.sha, "manifests/new folder/ä.yaml")).toBe(text);
    expect(await committer.read(result.sha, "manifests/priority/x")).toBeUndefined();
    expect(await committer.read(result.sha, "manifests")).toBeUndefined();
    await hub.push("other", {}, { from: start });
    const other = await createGitHubCommitter({ github: road.client(), repository, branch: "other" });
    expect(await other.head()).not.toBe(result.sha);
  });

  test("that has moved is stale, also by force, and nothing is written", async () => {
    await using road = await createGitHubRoad();
    const { hub, repository, start } = road;
    const committer = await createGitHubCommitter({ github: road.client(), repository });
    const moved = await hub.push("main", { "manifests/b.yaml": "b: 1\n" });
    const stale = { kind: "stale", reason: expect.stringContaining("Expected branch to point to") };
    expect(await committer.commit(changeOn(start))).toEqual(stale);
    expect(await committer.head()).toBe(moved);
    await hub.git.text("update-ref", "refs/heads/main", start);
    expect(await committer.commit(changeOn(moved))).toEqual(stale);
    expect(await committer.head()).toBe(start);
  });

  test("file that is not UTF-8 is not touched", async () => {
    await using road = await createGitHubRoad();
    const head = await road.hub.push("main", { "manifests/a.yaml": Buffer.from([0x61, 0xff]) });
    const committer = await createGitHubCommitter({ github: road.client(), repository: road.repository });
    await expect(committer.read(head, "manifests/a.yaml")).rejects.toThrow(/a\.yaml: is not valid UTF-8/);
  });
});

describe("a fault on the way", () => {
  test("a commit that landed though its answer was lost is found again, not made twice", async () => {
    await using road = await createGitHubRoad();
    const { hub, repository, start } = road;
    const committer = await createGitHubCommitter({ github: road.client(), repository });
    hub.fail({ operation: "graphql", as: { kind: "forget" } });
    const result = await committer.commit(changeOn(start));
    expect(result).toEqual({ kind: "committed", sha: await committer.head() });
    expect(await road.log("%s")).toEqual(["Promote iris 1 to dev", "Start"]);
  });

  test("the same message with other content is not taken for it", async () => {
    await using road = await createGitHubRoad();
    const { repository, start } = road;
    const committer = await createGitHubCommitter({ github: road.client(), repository });
    await road.hub.push("main", { "manifests/a.yaml": "tag: 2\n" }, { message });
    expect((await committer.commit(changeOn(start))).kind).toBe("stale");
    road.hub.fail({ operation: "graphql", as: { kind: "status", status: 502 } }); // so that nobody knows what was done
    expect((await committer.commit(changeOn(start))).kind).toBe("stale");
    road.hub.fail({ operation: "graphql", as: { kind: "status", status: 502 } });
    expect((await committer.commit(changeOn(start, "tag: 2\n"))).kind).toBe("committed"); // this is it
  });

  test("a connection that breaks before anything is done, server errors and a secondary rate limit are got over", async () => {
    await using road = await createGitHubRoad();
    const { hub, repository, start } = road;
    const committer = await createGitHubCommitter({ github: road.client(), repository });
    hub.fail({ operation: "graphql", as: { kind: "reset" } });
    hub.fail({ operation: "graphql", as: { kind: "status", status: 502 } });
    const first = await committer.commit(changeOn(start));
    if (first.kind !== "committed") throw new Error(first.reason);
    hub.fail({ operation: "graphql", as: { kind: "secondaryRateLimit", retryAfterSeconds: 1 } });
    hub.fail({ operation: "git/get-ref", as: { kind: "tooManyRequests", retryAfterSeconds: 1 } });
    expect(await committer.head()).toBe(first.sha);
    const second = await committer.commit(changeOn(first.sha, "tag: 2\n"));
    expect(second.kind).toBe("committed");
    expect(road.lines).toEqual([
      expect.stringContaining("secondary rate limit is reached at GET"),
      expect.stringContaining("secondary rate limit is reached at POST"),
    ]);
    expect(await road.log("%s")).toHaveLength(3);
  });

  test("a web page instead of an answer is told as one, and nothing of it is shown", async () => {
    await using road = await createGitHubRoad();
    const committer = await createGitHubCommitter({ github: road.client(), repository: road.repository });
    road.hub.fail({ operation: "graphql", as: { kind: "html", status: 503 }, times: 4 });
    await expect(committer.commit(changeOn(road.start))).rejects.toThrow(
      /octo-org\/models: could not commit to main: status 503, with a web page instead of an answer/,
    );
    expect(await committer.head()).toBe(road.start);
  });
});

describe("a refusal names the branch, the rule and the remedy", () => {
  const bot = { token: promoting, account: undefined };
  const cases: [
    name: string,
    options: Parameters<typeof createGitHubRoad>[0],
    token: TokenPermissions,
    told: RegExp,
  ][] = [
    [
      "ruleset",
      { rulesets: [{ name: "main", branches: ["~DEFAULT_BRANCH"], rules: [{ type: "pull_request" }] }] },
      bot.token,
      /could not commit to main: a rule .* \(Repository rule violations found Changes must be made through a pull request\.\)\. Give the token of a GitHub App .*promotion\.mode: pull-request/,
    ],
    [
      "required status checks",
      {
        rulesets: [
          { name: "main", branches: ["main"], rules: [{ type: "required_status_checks", contexts: ["slipway"] }] },
        ],
      },
      bot.token,
      /to main: a rule .* \(.*Required status check "slipway" is expected\.\)/,
    ],
    [
      "protected branch",
      { protectedBranches: [{ branch: "main" }] },
      bot.token,
      /to main: a rule .* \(Changes must be made through a pull request\.\)/,
    ],
    [
      "read-only token",
      {},
      { contents: "read" },
      /to main: the token may not \(Resource not accessible by integration\)\. Give the job "permissions: contents: write"/,
    ],
  ];
  test.each(cases)("%s", async (_name, options, token, told) => {
    await using road = await createGitHubRoad(options);
    const committer = await createGitHubCommitter({ github: road.client(token), repository: road.repository });
    const failure = await committer.commit(changeOn(road.start)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadInputError);
    expect(String(failure)).toMatch(told);
    expect(await committer.head()).toBe(road.start);
  });

  test("the token of an App that the rule lets pass commits", async () => {
    const rules = [{ type: "pull_request" as const }];
    await using road = await createGitHubRoad({
      rulesets: [{ name: "main", branches: ["main"], rules, bypass: [slipwayApp.login] }],
    });
    const github = road.client(promoting, slipwayApp);
    const committer = await createGitHubCommitter({ github, repository: road.repository });
    expect((await committer.commit(changeOn(road.start))).kind).toBe("committed");
  });

  test("a branch or repository that is not there, a token that is none", async () => {
    await using road = await createGitHubRoad();
    const { repository } = road;
    const absent = await createGitHubCommitter({ github: road.client(), repository, branch: "gitops" });
    await expect(absent.head()).rejects.toThrow(
      /octo-org\/models: could not read gitops: there is no such repository or branch for this token .*promotion\.branch/,
    );
    await expect(absent.commit(changeOn(road.start))).rejects.toThrow(/could not commit to gitops: there is no such/);
    await expect(createGitHubCommitter({ github: road.client(), repository: "octo-org/secret" })).rejects.toThrow(
      /octo-org\/secret: could not read the default branch of it: there is no such/,
    );
    await expect(createGitHubCommitter({ github: road.client("none"), repository })).resolves.toBeDefined();
    await expect(createGitHubCommitter({ github: road.client(), repository: "models" })).rejects.toThrow(/owner\/name/);
  });
});
