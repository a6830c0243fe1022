import { expect, test } from "vitest";
import { createGitHub } from "#actions/io/github.ts";
import { choosePullRequest, findPullRequest, type Pull } from "#actions/report/find-pull-request.ts";
import { startGitHub } from "#test/parts/github/start.ts";

const sha = "f".repeat(40);
const head = { repository: "mallory/models", branch: "better", sha };

function pull(
  changes: { number?: number; state?: string; sha?: string; ref?: string; repository?: string | null } = {},
) {
  const { number = 7, state = "open", repository = "mallory/models" } = changes;
  const repo = repository === null ? null : { full_name: repository };
  return { number, state, head: { sha: changes.sha ?? sha, ref: changes.ref ?? "better", repo } } satisfies Pull;
}

test.each<[string, Pull[], object]>([
  ["one that matches", [pull()], { kind: "found", number: 7 }],
  ["none at all", [], { kind: "none", reason: "no pull request comes from that branch" }],
  ["one of another fork of the same owner", [pull({ repository: "mallory/other" })], { kind: "none" }],
  ["one of another branch", [pull({ ref: "worse" })], { kind: "none" }],
  ["one whose fork was deleted", [pull({ repository: null })], { kind: "none" }],
  ["a closed one", [pull({ state: "closed" })], { kind: "none", reason: "its pull request is closed" }],
  ["an open one beside a closed one", [pull({ number: 3, state: "closed" }), pull()], { kind: "found", number: 7 }],
  [
    "one that has moved on",
    [pull({ sha: "e".repeat(40) })],
    { kind: "none", reason: "its pull request has moved on to another commit, whose own run reports" },
  ],
  [
    "several that end in the commit",
    [pull(), pull({ number: 8 })],
    { kind: "none", reason: "2 pull requests end in that commit" },
  ],
])("%s", (_, pulls, expected) => {
  expect(choosePullRequest(pulls, head)).toMatchObject(expected);
});

test("GitHub is asked by owner and branch, and a refusal is told", async () => {
  await using hub = await startGitHub();
  await hub.push("main", { "a.txt": "a\n" });
  const tip = await hub.push("better", { "a.txt": "b\n" }, { from: "main" });
  const client = (permissions: Parameters<typeof hub.token>[0]) =>
    createGitHub({ token: hub.token(permissions), info: () => undefined, apiUrl: hub.apiUrl });
  const { owner, name } = hub.repository;
  const repository = `${owner}/${name}`;
  const own = { repository, branch: "better", sha: tip };
  expect(await findPullRequest(client("write-all"), repository, own)).toMatchObject({ kind: "none" });
  const { data } = await client("write-all").rest.pulls.create({
    ...{ owner, repo: name },
    ...{ title: "Better", head: "better", base: "main" },
  });
  expect(await findPullRequest(client("write-all"), repository, own)).toEqual({ kind: "found", number: data.number });
  expect(await findPullRequest(client("none"), repository, own)).toMatchObject({
    kind: "none",
    reason: expect.stringContaining("may not do this"),
  });
});
