import { getOctokit } from "@actions/github";
import { describe, test } from "vitest";
import { createGitHub } from "#actions/io/github.ts";
import { comment, marker } from "#actions/report/comment.ts";
import { type GitHubHub, startGitHub, type TokenPermissions } from "#test/parts/github/start.ts";
import type { Account } from "#test/parts/github/state.ts";

const app: Account = { login: "slipway[bot]", id: 77, type: "Bot" };
const ada: Account = { login: "ada", id: 78, type: "User" };
const body = (text: string) => `${marker}\n\n${text}`;

async function withPullRequest() {
  const hub = await startGitHub();
  await hub.push("main", { "a.txt": "a\n" });
  await hub.push("change", { "a.txt": "b\n" }, { from: "main" });
  const { rest } = getOctokit(hub.token("admin", ada), { baseUrl: hub.apiUrl });
  const here = { owner: hub.repository.owner, repo: hub.repository.name };
  const { data } = await rest.pulls.create({ ...here, title: "Change", head: "change", base: "main" });
  return {
    hub,
    target: (permissions: TokenPermissions = { "pull-requests": "write" }, account?: Account) => ({
      github: clientOf(hub, permissions, account),
      repository: `${here.owner}/${here.repo}`,
      pullRequest: data.number,
    }),
    said: (text: string, account: Account, times: number) => {
      const at = new Date().toISOString();
      for (let index = 0; index < times; index++) {
        const id = hub.state.nextId++;
        hub.state.comments.push({ id, issue: data.number, body: text, user: account, createdAt: at, updatedAt: at });
      }
    },
    bodies: () => hub.state.comments.map(({ body }) => body),
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}

function clientOf(hub: GitHubHub, permissions: TokenPermissions, account?: Account) {
  return createGitHub({ token: hub.token(permissions, account), info: () => undefined, apiUrl: hub.apiUrl });
}

// most of the time the client waits, as GitHub asks it to
describe.concurrent("the one comment", () => {
  test("a comment is created, then left alone while nothing has changed, then updated in place", async ({ expect }) => {
    await using world = await withPullRequest();
    const created = await comment(world.target(), body("one"));
    expect(created).toMatchObject({ kind: "created", url: expect.stringContaining("#issuecomment-") });
    const writes = () =>
      world.hub.requests.filter(({ method, path }) => method !== "GET" && path !== "/api/graphql").length;
    const before = writes();
    expect(await comment(world.target(), body("one"))).toEqual({ ...created, kind: "unchanged" });
    expect(writes()).toBe(before);
    expect(await comment(world.target(), body("two"))).toEqual({ ...created, kind: "updated" });
    expect(world.bodies()).toEqual([body("two")]);
  });

  test("it is found beyond the first page, among comments of others that look the same", async ({ expect }) => {
    await using world = await withPullRequest();
    world.said(body("not mine"), ada, 120);
    world.said("my own, of another kind", { login: "github-actions[bot]", id: 41898282, type: "Bot" }, 90);
    world.said(body("old"), { login: "github-actions[bot]", id: 41898282, type: "Bot" }, 1);
    world.said(`> ${body("quoted")}`, ada, 5);
    expect(await comment(world.target(), body("new"))).toMatchObject({ kind: "updated" });
    expect(world.bodies().filter((text) => text === body("new"))).toHaveLength(1);
    expect(world.bodies()).toHaveLength(216);
  });

  test("another account has a comment of its own", async ({ expect }) => {
    await using world = await withPullRequest();
    await comment(world.target(), body("by the workflow"));
    expect(await comment(world.target({ "pull-requests": "write" }, app), body("by an app"))).toMatchObject({
      kind: "created",
    });
    expect(world.bodies()).toEqual([body("by the workflow"), body("by an app")]);
  });

  test("doubles that a cancelled run has left are removed, the oldest stays", async ({ expect }) => {
    await using world = await withPullRequest();
    world.said(body("old"), { login: "github-actions[bot]", id: 41898282, type: "Bot" }, 2);
    expect(await comment(world.target(), body("new"))).toMatchObject({ kind: "updated" });
    expect(world.bodies()).toEqual([body("new")]);
  });

  test("where nothing may be created, only one that is there is updated", async ({ expect }) => {
    await using world = await withPullRequest();
    expect(await comment(world.target(), body("nothing"), false)).toMatchObject({ kind: "none" });
    await comment(world.target(), body("one"));
    expect(await comment(world.target(), body("nothing"), false)).toMatchObject({ kind: "updated" });
  });

  test("a comment whose answer is lost is not made twice", async ({ expect }) => {
    await using world = await withPullRequest();
    world.hub.fail({ operation: "issues/create-comment", as: { kind: "forget" } });
    expect(await comment(world.target(), body("one"))).toMatchObject({ kind: "unchanged" });
    expect(world.bodies()).toEqual([body("one")]);
  });

  test.for([
    ["a secondary rate limit", { kind: "secondaryRateLimit", retryAfterSeconds: 1 }],
    ["an HTML page of a proxy", { kind: "html", status: 502 }],
    ["a broken connection", { kind: "reset" }],
  ] as const)("%s is waited out, at every call", async ([_, as], { expect }) => {
    await using world = await withPullRequest();
    for (const operation of ["issues/list-comments", "issues/create-comment", "issues/update-comment"])
      world.hub.fail({ operation, as });
    expect(await comment(world.target(), body("one"))).toMatchObject({ kind: "created" });
    expect(await comment(world.target(), body("two"))).toMatchObject({ kind: "updated" });
    expect(world.bodies()).toEqual([body("two")]);
  });

  test.for([
    ["a read-only token", { "pull-requests": "read" }, /may not do this/],
    ["no permission at all", "none", /may not do this/],
  ] as const)("%s leaves no comment and says why, without an error", async ([_, permissions, reason], { expect }) => {
    await using world = await withPullRequest();
    expect(await comment(world.target(permissions), body("one"))).toEqual({
      kind: "none",
      reason: expect.stringMatching(reason),
    });
    expect(world.bodies()).toEqual([]);
  });

  test.for([
    ["a pull request that is not there", { kind: "status", status: 404, message: "Not Found" }, "Not Found"],
    ["an outage", { kind: "html", status: 502 }, "status 502, with a web page instead of an answer"],
  ] as const)("%s is told in one line", async ([_, as, reason], { expect }) => {
    await using world = await withPullRequest();
    world.hub.fail({ operation: "issues/list-comments", as, times: 10 });
    expect(await comment(world.target(), body("one"))).toEqual({ kind: "none", reason });
  });
});
