import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { getOctokit } from "@actions/github";
import { expect, test } from "vitest";
import { candidateOf } from "#test/parts/candidate.ts";
import { evaluated } from "#test/parts/evaluation.ts";
import { type GitHubHub, startGitHub, type TokenPermissions } from "#test/parts/github/start.ts";
import { runProgram } from "#test/parts/program.ts";
import { failed, flowers, nasty } from "#test/parts/report.ts";
import { createRunner } from "#test/parts/runner.ts";

const root = resolve(import.meta.dirname, "../../..");
const main = "actions/report/main.ts";

/** A pull request whose model `iris` was trained and failed, and a runner that reports about it. */
async function world() {
  const hub = await startGitHub();
  await hub.push("main", { "a.txt": "a\n" });
  const headSha = await hub.push("change", { "a.txt": "b\n" }, { from: "main" });
  const here = { owner: hub.repository.owner, repo: hub.repository.name };
  const { rest } = getOctokit(hub.token("admin"), { baseUrl: hub.apiUrl });
  const { data: pull } = await rest.pulls.create({ ...here, title: nasty, head: "change", base: "main" });
  const runner = await createRunner();
  const repository = `${here.owner}/${here.repo}`;
  const at = (name: string) => join(runner.path, name);
  await cp(join(root, "config"), at("config"), { recursive: true });
  await cp(join(root, "manifests"), at("manifests"), { recursive: true });
  await mkdir(at("candidate"));
  await mkdir(at("evaluation"));
  await writeFile(at("candidate/candidate.json"), JSON.stringify(candidateOf()));
  const { evaluation } = evaluated(flowers, { role: "validation" });
  await writeFile(at("evaluation/evaluation.json"), JSON.stringify(evaluation));
  const rules = failed.rules.map((rule) => ({ ...rule, reason: `${rule.reason} ${nasty}` }));
  await writeFile(at("verdict.json"), JSON.stringify({ ...failed, role: "validation", rules }));
  return {
    hub,
    runner,
    at,
    headSha,
    number: pull.number,
    repository,
    async report(permissions: TokenPermissions, inputs: Record<string, string>, payload: unknown = undefined) {
      const event = payload ?? { pull_request: { number: pull.number, head: { sha: headSha, ref: "change" } } };
      await runner.writeEvent(event);
      const { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY } = runner.variables;
      await Promise.all([GITHUB_OUTPUT, GITHUB_STEP_SUMMARY].map((path) => writeFile(path, "")));
      const variables = {
        ...runner.variables,
        ...{ GITHUB_API_URL: hub.apiUrl, GITHUB_REPOSITORY: repository },
        ...runner.inputs({ root: runner.path, token: hub.token(permissions), report: at("report"), ...inputs }),
      };
      const ended = await runProgram(main, [], { env: variables });
      return { ...ended, outputs: await runner.outputs(), summary: await runner.summary() };
    },
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await runner[Symbol.asyncDispose]();
    },
  };
}

const bodies = (hub: GitHubHub) => hub.state.comments.map(({ body }) => body);
const ofIris = (at: (name: string) => string) => ({
  model: "iris",
  candidate: at("candidate"),
  evaluation: at("evaluation"),
  verdict: at("verdict.json"),
});

test("a model's report stands in comment and summary, its outcome in the status and annotations; the same again changes nothing", async () => {
  await using on = await world();
  const { hub, at } = on;
  const writer = { "pull-requests": "write", statuses: "write" } as const;
  const first = await on.report(writer, ofIris(at));
  expect(first).toMatchObject({
    code: 0,
    outputs: {
      comment: "created",
      "comment-url": expect.stringContaining("#issuecomment-"),
      report: at("report/report.md"),
    },
  });
  const text = await readFile(at("report/report.md"), "utf8");
  expect(first.summary.trim()).toBe(text.trim());
  expect(bodies(hub)).toEqual([expect.stringContaining(text.trim())]);
  expect(text).toMatch(/^## ❌ iris fails the gate/);
  expect(text).toContain("<summary>Manifests: ");
  expect(hub.state.statuses).toMatchObject([
    {
      sha: on.headSha,
      context: "slipway/gate (iris)",
      state: "failure",
      targetUrl: `https://github.example/${on.repository}/actions/runs/17`,
    },
  ]);
  const commands = first.output.split("\n").filter((line) => line.startsWith("::"));
  expect(commands).toEqual([
    expect.stringMatching(/^::error title=iris%3A minimum,file=\S*config\/models\/iris\.yaml::accuracy 99 %25 reaches/),
  ]);
  expect(first.output).not.toContain("##[");

  const again = await on.report(writer, ofIris(at));
  expect(again.outputs).toEqual({ ...first.outputs, comment: "unchanged" });
  expect(bodies(hub)).toHaveLength(1);
});

test("a token that may only read leaves the report in the summary, and nothing fails", async () => {
  await using on = await world();
  const { code, outputs, summary, output } = await on.report("read-all", ofIris(on.at));
  expect({ code, outputs }).toMatchObject({ code: 0, outputs: { comment: "none", "comment-url": "" } });
  expect(summary).toMatch(/^## ❌ iris fails the gate/);
  expect(output).toContain("no comment: the token may not do this");
  expect(output).toContain("no commit status: the token may not do this");
  expect(bodies(on.hub)).toEqual([]);
});

test("where GitHub limits the rate for longer than a job may wait, nothing fails", async () => {
  await using on = await world();
  on.hub.fail({ as: { kind: "secondaryRateLimit", retryAfterSeconds: 3600 }, times: 100 });
  const { code, outputs, summary, output } = await on.report("write-all", ofIris(on.at));
  expect({ code, outputs }).toMatchObject({ code: 0, outputs: { comment: "none" } });
  expect(summary).toMatch(/^## ❌ iris fails the gate/);
  expect(output).toContain("no comment: GitHub limits the rate of calls");
});

test("several models become one comment, written by the job after theirs", async () => {
  await using on = await world();
  const { hub, at } = on;
  await on.report({ statuses: "write" }, { ...ofIris(at), comment: "false", report: at("reports/report-iris") });
  expect(bodies(hub)).toEqual([]);
  const models = JSON.stringify({
    include: [
      { model: "iris", kind: "train" },
      { model: "cifar10", kind: "train" },
    ],
  });
  const gathered = { reports: at("reports"), models };
  const { code, outputs } = await on.report({ "pull-requests": "write" }, gathered);
  expect({ code, outputs }).toMatchObject({ code: 0, outputs: { comment: "created", report: "" } });
  expect(bodies(hub)).toEqual([expect.stringMatching(/\| cifar10 \| 💥 no report.*\n\| iris \| ❌ fail \|/)]);

  const nothing = { reports: at("none"), models: '{"include":[]}' };
  expect((await on.report({ "pull-requests": "write" }, nothing)).outputs).toMatchObject({ comment: "updated" });
  expect(bodies(hub)).toEqual([expect.stringContaining("Nothing in this pull request has to be trained.")]);
});

test("a fork's reports are found by the head of its run, and said to be untrusted", async () => {
  await using on = await world();
  const { hub, at, headSha, repository } = on;
  await on.report("none", { ...ofIris(at), comment: "false", report: at("reports/report-iris") });
  const run = {
    id: 30,
    html_url: `${hub.serverUrl}/${repository}/actions/runs/30`,
    head_branch: "change",
    head_sha: headSha,
    head_repository: { full_name: repository },
  };
  const inputs = { reports: at("reports"), untrusted: "true" };
  const { code, outputs } = await on.report({ "pull-requests": "write" }, inputs, { workflow_run: run });
  expect({ code, outputs }).toMatchObject({ code: 0, outputs: { comment: "created" } });
  const [comment = ""] = bodies(hub);
  expect(comment).toContain("**Untrusted run.**");
  expect(comment).toContain("actions/runs/30");
  expect(comment).not.toContain("setosa");
  expect(hub.state.comments[0]?.issue).toBe(on.number);

  const moved = { workflow_run: { ...run, head_sha: "e".repeat(40) } };
  const late = await on.report({ "pull-requests": "write" }, inputs, moved);
  expect(late).toMatchObject({ code: 0, outputs: { comment: "none" } });
  expect(late.output).toContain("no comment: its pull request has moved on");
  expect(late.summary).toContain("**Untrusted run.**");
});

test.each([
  [{}, "give either model or reports"],
  [{ model: "iris", reports: "reports", untrusted: "true" }, "give either model or reports"],
  [{ untrusted: "true", model: "iris" }, "untrusted: needs reports"],
  [{ model: "iris", models: "{" }, "models: is not the matrix that plan gives"],
])("wrong inputs %o are told", async (inputs, message) => {
  await using on = await world();
  const { code, output } = await on.report("none", inputs as Record<string, string>);
  expect(code).toBe(42);
  expect(output).toContain(message);
});
