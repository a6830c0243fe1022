import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { getOctokit } from "@actions/github";
import { expect, test } from "vitest";
import type { Permissions } from "#test/parts/github/permissions.ts";
import { type GitHubHub, startGitHub, type TokenPermissions } from "#test/parts/github/start.ts";
import type { Account } from "#test/parts/github/state.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const app: Account = { login: "slipway[bot]", id: 77, type: "Bot" };
const commitMutation = `mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid author { name } signature { isValid } } }
}`;

function client(hub: GitHubHub, permissions: TokenPermissions, account?: Account) {
  const api = getOctokit(hub.token(permissions, account), { baseUrl: hub.apiUrl });
  return { ...api, here: { owner: hub.repository.owner, repo: hub.repository.name } };
}

function commitInput(hub: GitHubHub, expectedHeadOid: string) {
  const contents = Buffer.from("tag: b\n").toString("base64");
  return {
    input: {
      branch: { repositoryNameWithOwner: `${hub.repository.owner}/${hub.repository.name}`, branchName: "main" },
      expectedHeadOid,
      message: { headline: "Promote iris", body: "Model-Version: 2" },
      fileChanges: { additions: [{ path: "manifests/a.yaml", contents }] },
    },
  };
}

async function started(options: Parameters<typeof startGitHub>[0] = {}) {
  const hub = await startGitHub(options);
  const head = await hub.push("main", { "README.md": "# Models\n", "manifests/a.yaml": "tag: a\n" });
  return { hub, head, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() };
}

test("a request that GitHub's schema does not know is refused with the field", async () => {
  await using world = await started();
  const { rest, here } = client(world.hub, "admin");
  const wrong = rest.issues.createComment({ ...here, issue_number: 1, body: 5 as unknown as string });
  await expect(wrong).rejects.toMatchObject({ status: 422, message: expect.stringContaining("body must be string") });
});

test("an answer of the emulator that GitHub's schema does not know is a 500 that says where", async () => {
  await using world = await started();
  const { rest, here } = client(world.hub, "admin");
  world.hub.fail({ operation: "repos/get", as: { kind: "distort", body: { id: "one" } } });
  await expect(rest.repos.get(here)).rejects.toMatchObject({
    status: 500,
    response: { data: { errors: expect.arrayContaining(["/id must be integer"]) } },
  });
});

test("a token without the operation's permission gets GitHub's 403, and one without any account 401", async () => {
  await using world = await started();
  const { hub } = world;
  const reader = client(hub, { contents: "read" });
  const title = "Rollback";
  await expect(reader.rest.issues.create({ ...reader.here, title })).rejects.toMatchObject({
    status: 403,
    message: expect.stringContaining("Resource not accessible by integration"),
  });
  const writer = client(hub, { issues: "write" });
  expect((await writer.rest.issues.create({ ...writer.here, title })).data.title).toBe(title);
  const runners = client(hub, "write-all").rest.actions.listSelfHostedRunnersForRepo(reader.here);
  await expect(runners).rejects.toMatchObject({ status: 403 });
  const stranger = getOctokit("ghs_unknown", { baseUrl: hub.apiUrl });
  await expect(stranger.rest.repos.get(reader.here)).rejects.toMatchObject({
    status: 401,
    message: expect.stringContaining("Bad credentials"),
  });
});

test("lists come in pages that Link headers join", async () => {
  await using world = await started();
  const { rest, paginate, here } = client(world.hub, "admin");
  const { data: issue } = await rest.issues.create({ ...here, title: "Long talk" });
  const on = { ...here, issue_number: issue.number };
  for (let count = 1; count <= 65; count++) await rest.issues.createComment({ ...on, body: `comment ${count}` });
  const first = await rest.issues.listComments(on);
  expect(first.data).toHaveLength(30);
  expect(first.headers.link).toContain('page=2>; rel="next"');
  expect(first.headers.link).toContain('page=3>; rel="last"');
  const all = await paginate(rest.issues.listComments, { ...on, per_page: 20 });
  expect(all.map(({ body }) => body)).toEqual(Array.from({ length: 65 }, (_, index) => `comment ${index + 1}`));
});

test("a commit over GraphQL changes the branch in git, signed by GitHub in the bot's name", async () => {
  await using world = await started();
  const { hub, head } = world;
  const { graphql } = client(hub, { contents: "write" });
  const { createCommitOnBranch } = await graphql<{ createCommitOnBranch: { commit: { oid: string } } }>(
    commitMutation,
    commitInput(hub, head),
  );
  const { commit } = createCommitOnBranch;
  expect(commit).toMatchObject({ author: { name: "github-actions[bot]" }, signature: { isValid: true } });
  expect(await hub.git.resolve("refs/heads/main")).toBe(commit.oid);
  expect(await hub.git.text("show", "main:manifests/a.yaml")).toBe("tag: b");
  expect((await hub.git.commit(commit.oid)).message).toBe("Promote iris\n\nModel-Version: 2");
  expect((await hub.git.commit(commit.oid)).parents).toEqual([head]);
});

test("a commit on a head that moved is refused as stale, in GitHub's words", async () => {
  await using world = await started();
  const { hub, head } = world;
  await hub.push("main", { "README.md": "# Other\n" });
  const late = client(hub, { contents: "write" }).graphql(commitMutation, commitInput(hub, head));
  await expect(late).rejects.toMatchObject({
    errors: [
      {
        type: "STALE_DATA",
        path: ["createCommitOnBranch"],
        message: `Expected branch to point to "${head}" but it did not.  Pull and try again.`,
      },
    ],
  });
});

test("of many commits at once on one head exactly one lands", async () => {
  await using world = await started();
  const { hub, head } = world;
  const { graphql } = client(hub, { contents: "write" });
  const commits = Array.from({ length: 10 }, () => graphql(commitMutation, commitInput(hub, head)));
  const outcomes = await Promise.allSettled(commits);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect((await hub.git.history("main", {})).length).toBe(2);
});

test("a ruleset keeps GITHUB_TOKEN from the branch, over GraphQL and REST, and lets the App on its list pass", async () => {
  await using world = await started({
    rulesets: [
      {
        name: "main",
        branches: ["~DEFAULT_BRANCH"],
        rules: [{ type: "pull_request" }, { type: "required_status_checks", contexts: ["slipway"] }],
        bypass: [app.login],
      },
    ],
  });
  const { hub, head } = world;
  const bot = client(hub, { contents: "write" });
  const said =
    /Repository rule violations found\n\nChanges must be made through a pull request.\n\nRequired status check "slipway" is expected./;
  await expect(bot.graphql(commitMutation, commitInput(hub, head))).rejects.toMatchObject({
    errors: [{ message: expect.stringMatching(said) }],
  });
  const { data: made } = await bot.rest.git.createCommit({
    ...bot.here,
    message: "By hand",
    tree: (await hub.git.commit(head)).tree,
    parents: [head],
  });
  await expect(bot.rest.git.updateRef({ ...bot.here, ref: "heads/main", sha: made.sha })).rejects.toMatchObject({
    status: 422,
    message: expect.stringMatching(said),
  });
  const rules = await bot.rest.repos.getBranchRules({ ...bot.here, branch: "main" });
  expect(rules.data.map(({ type }) => type)).toEqual(["pull_request", "required_status_checks"]);
  await client(hub, { contents: "write" }, app).graphql(commitMutation, commitInput(hub, head));
  expect(await hub.git.resolve("refs/heads/main")).not.toBe(head);
});

test("a branch under the older protection is refused with its own error type", async () => {
  await using world = await started({ protectedBranches: [{ branch: "main" }] });
  const { hub, head } = world;
  const commit = client(hub, { contents: "write" }).graphql(commitMutation, commitInput(hub, head));
  await expect(commit).rejects.toMatchObject({ errors: [{ type: "BRANCH_PROTECTION_RULE_VIOLATION" }] });
});

test("a reader's commit is forbidden and a query that the schema does not know is refused", async () => {
  await using world = await started();
  const { hub, head } = world;
  const { graphql } = client(hub, "read-all");
  await expect(graphql(commitMutation, commitInput(hub, head))).rejects.toMatchObject({
    errors: [{ type: "FORBIDDEN", message: "Resource not accessible by integration" }],
  });
  await expect(graphql('{ repository(owner: "a", name: "b") { nope } }')).rejects.toThrow("Cannot query field");
});

test("files, trees and history are read over GraphQL", async () => {
  await using world = await started();
  const { hub, head } = world;
  const { graphql } = client(hub, { contents: "read" });
  const answer = await graphql(
    `query ($owner: String!, $name: String!) {
      repository(owner: $owner, name: $name) {
        file: object(expression: "main:manifests/a.yaml") { ... on Blob { text isBinary } }
        folder: object(expression: "main:manifests") { ... on Tree { entries { name type } } }
        nothing: object(expression: "main:none") { oid }
        ref(qualifiedName: "refs/heads/main") { target { oid ... on Commit { history(first: 5) { nodes { oid } } } } }
      }
    }`,
    { owner: hub.repository.owner, name: hub.repository.name },
  );
  expect(answer).toEqual({
    repository: {
      file: { text: "tag: a\n", isBinary: false },
      folder: { entries: [{ name: "a.yaml", type: "blob" }] },
      nothing: null,
      ref: { target: { oid: head, history: { nodes: [{ oid: head }] } } },
    },
  });
});

test("scripted faults meet the next requests and then are over", async () => {
  await using world = await started();
  const { hub } = world;
  const { rest, here } = client(hub, "admin");
  hub.fail({ operation: "repos/get", as: { kind: "secondaryRateLimit", retryAfterSeconds: 7 } });
  hub.fail({ operation: "repos/get", as: { kind: "html", status: 502 } });
  hub.fail({ operation: "repos/get", as: { kind: "reset" } });
  await expect(rest.repos.get(here)).rejects.toMatchObject({
    status: 403,
    response: { headers: { "retry-after": "7" } },
  });
  await expect(rest.repos.get(here)).rejects.toMatchObject({ status: 502, response: { data: /<!DOCTYPE html>/ } });
  await expect(rest.repos.get(here)).rejects.toMatchObject({ status: 500 });
  expect((await rest.repos.get(here)).status).toBe(200);
  expect(hub.requests.map(({ status }) => status)).toEqual([403, 502, 0, 200]);
});

test("work that was done is not undone by a connection that breaks before the answer", async () => {
  await using world = await started();
  const { hub } = world;
  const { rest, here } = client(hub, "admin");
  hub.fail({ operation: "issues/create", as: { kind: "forget" } });
  await expect(rest.issues.create({ ...here, title: "Once" })).rejects.toThrow();
  expect(hub.state.issues.map(({ title }) => title)).toEqual(["Once"]);
});

test("a comment longer than GitHub stores is refused", async () => {
  await using world = await started();
  const { rest, here } = client(world.hub, "admin");
  await rest.issues.create({ ...here, title: "Long" });
  const long = rest.issues.createComment({ ...here, issue_number: 1, body: "x".repeat(65_537) });
  await expect(long).rejects.toMatchObject({ status: 422, message: expect.stringContaining("Body is too long") });
});

test("git clones over HTTP with a token that may read, and pushes with one that may write", async () => {
  await using world = await started();
  await using folder = await temporaryFolder();
  const { hub, head } = world;
  const clone = join(folder.path, "clone");
  await git("clone", "--quiet", remote(hub, hub.token({ contents: "read" })), clone);
  expect(await git("-C", clone, "rev-parse", "HEAD")).toBe(head);
  await expect(git("clone", "--quiet", remote(hub, hub.token("none")), `${clone}2`)).rejects.toThrow("403");
  const author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  await git("-C", clone, ...author, "commit", "--quiet", "--allow-empty", "-m", "More");
  const push = (token: string) => git("-C", clone, "push", "--quiet", remote(hub, token), "main");
  await expect(push(hub.token({ contents: "read" }))).rejects.toThrow("403");
  await push(hub.token({ contents: "write" }));
  expect(await hub.git.resolve("refs/heads/main")).toBe(await git("-C", clone, "rev-parse", "HEAD"));
});

test("what the token of a run may do follows from the job whose process uses it", async () => {
  const jobs: Record<string, TokenPermissions> = { report: { "pull-requests": "write", issues: "write" }, train: {} };
  await using world = await started({
    permissionsOf: ({ workflow, job }) => (workflow === "model" ? (jobs[job] as Permissions) : undefined),
  });
  const { hub } = world;
  const url = `${hub.apiUrl}/repos/${hub.repository.owner}/${hub.repository.name}/issues`;
  // by a shell between, as a step of a workflow has one
  const ask = async (environment: Record<string, string>) => {
    const program = `fetch(process.env.URL, {method: "POST", headers: {authorization: "token " + process.env.TOKEN}, body: '{"title":"x"}'}).then((answer) => console.log(answer.status))`;
    const env = { PATH: process.env["PATH"] ?? "", URL: url, TOKEN: hub.jobToken };
    const inner = `env -i PATH="$PATH" URL="$URL" TOKEN="$TOKEN" ${process.execPath} -e '${program.replaceAll("'", `'\\''`)}'; true`;
    const { stdout } = await promisify(execFile)("sh", ["-c", inner], { env: { ...env, ...environment } });
    return Number(stdout);
  };
  expect(await ask({ GITHUB_WORKFLOW: "model", GITHUB_JOB: "report" })).toBe(201);
  expect(await ask({ GITHUB_WORKFLOW: "model", GITHUB_JOB: "train" })).toBe(403);
  expect(await ask({ GITHUB_WORKFLOW: "other", GITHUB_JOB: "report" })).toBe(401);
  expect(await ask({})).toBe(401);
});

test.each([
  ["a value that is no choice", { env: "staging" }, "Provided value 'staging' for input 'env' not in the list"],
  ["an input that the workflow does not have", { env: "dev", debug: "true" }, 'Unexpected inputs provided: ["debug"]'],
  ["no value where one is required", { env: "dev", model: "" }, "Required input 'model' not provided"],
])("a dispatch with %s starts nothing", async (_, inputs, reason) => {
  await using world = await started();
  const { hub } = world;
  await hub.push("main", {
    ".github/workflows/pipeline.yml": `on:
  workflow_dispatch:
    inputs:
      env: { type: choice, options: [dev, prod], default: dev }
      model: { type: string, required: true }
`,
  });
  const { rest, here } = client(hub, { actions: "write" });
  const on = { ...here, workflow_id: "pipeline.yml", ref: "main" };
  await expect(rest.actions.createWorkflowDispatch({ ...on, inputs })).rejects.toMatchObject({
    status: 422,
    message: expect.stringContaining(reason),
  });
  await rest.actions.createWorkflowDispatch({ ...on, inputs: { env: "prod", model: "iris" } });
  expect(hub.state.dispatches).toMatchObject([{ name: "pipeline.yml", inputs: { env: "prod", model: "iris" } }]);
});

function remote(hub: GitHubHub, token: string): string {
  const { owner, name } = hub.repository;
  return `${hub.serverUrl.replace("://", `://x-access-token:${token}@`)}/${owner}/${name}.git`;
}

async function git(...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", command);
  return stdout.trim();
}
