import { expect, test } from "vitest";
import { createGitHub } from "#actions/io/github.ts";
import { annotationsOf } from "#actions/report/annotations.ts";
import { postStatus, statusOf } from "#actions/report/status.ts";
import { Gate } from "#config/schema.ts";
import { evaluated } from "#test/parts/evaluation.ts";
import { startGitHub } from "#test/parts/github/start.ts";
import { failed, flowers, passed, reportInput, undecided } from "#test/parts/report.ts";

test.each([
  ["passes", {}, "success", "accuracy 99 % (champion 98.67 %, difference -1.46 to +2.23) on 300 test examples"],
  [
    "passes without a champion",
    {
      evaluation: evaluated(flowers.map(({ champion: _, ...kind }) => kind)).evaluation,
      verdict: { ...passed, rules: passed.rules.slice(0, 1) },
    },
    "success",
    "accuracy 99 % (no champion) on 300 test examples",
  ],
  ["fails", { verdict: failed }, "failure", "fails: accuracy 99 % reaches the minimum of 60 %"],
  ["is held", { verdict: undecided }, "failure", "held: accuracy 99 % reaches the minimum of 60 %"],
  ["was not judged", { verdict: undefined, evaluation: undefined }, "error", "trained, and not judged"],
] as const)("a candidate that %s has a status with its numbers", (_, changes, state, description) => {
  expect(statusOf(reportInput(changes))).toEqual({ context: "slipway/gate (iris)", state, description });
});

test("an inconclusive gate that lets pass is a success that warns", () => {
  const config = { ...reportInput().config, gate: Gate.parse({ onInconclusive: "pass" }) };
  expect(statusOf(reportInput({ verdict: undecided, config }))).toMatchObject({
    state: "success",
    description: expect.stringMatching(/^warning: /),
  });
});

test("a description is one line of at most 140 characters, whatever the reason holds", async () => {
  const reason = `::error::a\n${"🌷".repeat(200)}`;
  const rules = failed.rules.map((rule) => ({ ...rule, reason }));
  const status = statusOf(reportInput({ verdict: { ...failed, rules } }));
  expect([...status.description]).toHaveLength(140);
  expect(status.description).toMatch(/^fails: ::error::a 🌷+…$/u);
});

test("the status is set on the commit, and a token that may not is no error", async () => {
  await using hub = await startGitHub();
  const sha = await hub.push("main", { "a.txt": "a\n" });
  const client = (permissions: Parameters<typeof hub.token>[0]) =>
    createGitHub({ token: hub.token(permissions), info: () => undefined, apiUrl: hub.apiUrl });
  const at = {
    repository: `${hub.repository.owner}/${hub.repository.name}`,
    sha,
    url: "https://github.example/runs/1",
  };
  const status = statusOf(reportInput());
  expect(await postStatus(client({ statuses: "write" }), at, status)).toBeUndefined();
  expect(hub.state.statuses).toMatchObject([{ ...status, sha, targetUrl: at.url }]);
  expect(await postStatus(client("read-all"), at, status)).toMatch(/may not do this/);
});

const iris = { model: "iris", file: "config/models/iris.yaml" };

test("each rule that did not pass is an annotation at the model's file, failed ones first", () => {
  const [minimum, champion, slice] = passed.rules;
  if (!minimum || !champion || !slice) throw new Error("three rules were expected");
  const rules = [
    { ...minimum, kind: "inconclusive" as const },
    champion,
    { ...slice, kind: "fail" as const, name: "slice a\n::error::b", reason: "dropped\r\n##[error]x" },
  ];
  expect(annotationsOf(iris, { ...passed, rules })).toEqual([
    {
      level: "error",
      file: "config/models/iris.yaml",
      title: "iris: slice a ::error::b",
      message: "dropped ##[error]x",
    },
    {
      level: "warning",
      file: "config/models/iris.yaml",
      title: "iris: minimum",
      message: "accuracy 99 % reaches the minimum of 60 %",
    },
  ]);
  expect(annotationsOf(iris, passed)).toEqual([]);
  expect(annotationsOf(iris, undefined)).toEqual([]);
});

test("more rules than GitHub shows annotations are counted", () => {
  const [minimum] = failed.rules;
  if (!minimum) throw new Error("a rule was expected");
  const annotations = annotationsOf(iris, { ...failed, rules: Array.from({ length: 25 }, () => minimum) });
  expect(annotations).toHaveLength(10);
  expect(annotations.at(-1)?.message).toBe("16 more rules, told in the report");
});
