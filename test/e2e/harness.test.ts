import { describe, expect, test } from "vitest";
import type { Event } from "./harness/events.ts";
import { changedScalars } from "./harness/told.ts";
import { isTriggered } from "./harness/triggers.ts";
import { permissionsOfJob, readWorkflow, withoutUnknownKeys } from "./harness/workflow-files.ts";

const event = (change: Partial<Event>): Event => ({
  ...{ name: "push", sha: "", ref: "refs/heads/main", branch: "main", changedPaths: ["README.md"] },
  ...{ type: undefined, workflow: undefined, file: undefined, actor: "ada", isFork: false, payload: {} },
  ...change,
});
const workflow = (on: string, rest = "jobs: {}") => readWorkflow(`name: pipeline\non:\n${on}\n${rest}\n`);

describe("what GitHub starts", () => {
  test.each<[string, string, Partial<Event>, boolean]>([
    ["a push to a named branch", "  push: { branches: [main] }", {}, true],
    ["a push to another branch", "  push: { branches: [main] }", { branch: "topic" }, false],
    [
      "ignored files alone",
      "  push: { paths-ignore: ['manifests/**'] }",
      { changedPaths: ["manifests/a/b.yaml"] },
      false,
    ],
    [
      "ignored files and others",
      "  push: { paths-ignore: ['manifests/**'] }",
      { changedPaths: ["manifests/a", "b"] },
      true,
    ],
    ["another event", "  pull_request:", {}, false],
    ["new commits of a pull request", "  pull_request:", { name: "pull_request", type: "synchronize" }, true],
    ["a label of a pull request", "  pull_request:", { name: "pull_request", type: "labeled" }, false],
    ["a named type", "  repository_dispatch: { types: [a] }", { name: "repository_dispatch", type: "a" }, true],
    ["another type", "  repository_dispatch: { types: [a] }", { name: "repository_dispatch", type: "b" }, false],
    ["a dispatch of this file", "  workflow_dispatch:", { name: "workflow_dispatch", file: "pipeline.yml" }, true],
    ["a dispatch of another", "  workflow_dispatch:", { name: "workflow_dispatch", file: "rollback.yml" }, false],
    [
      "the end of a named workflow",
      "  workflow_run: { workflows: [a] }",
      { name: "workflow_run", workflow: "a" },
      true,
    ],
    ["the end of another", "  workflow_run: { workflows: [a] }", { name: "workflow_run", workflow: "b" }, false],
  ])("%s", (_, on, change, isStarted) => {
    expect(isTriggered("pipeline.yml", workflow(on), event(change))).toBe(isStarted);
  });

  test("is not guessed where a filter is not known", () => {
    expect(() => isTriggered("a.yml", workflow("  push: { tags: [v1] }"), event({}))).toThrow("tags");
  });
});

test("a called job may do what it and its caller both may, a fork's only reads, and an unknown job nothing", () => {
  const called = readWorkflow(`name: model
on: { workflow_call: }
permissions: {}
jobs:
  promote: { permissions: { contents: write, packages: write, statuses: read } }
  train: {}
`);
  const calling = workflow(
    "  push:",
    "jobs: { model: { uses: ./.github/workflows/model.yml, permissions: { contents: write, statuses: write } } }",
  );
  const workflows = new Map([
    [".github/workflows/model.yml", called],
    [".github/workflows/pipeline.yml", calling],
  ]);
  const of = (job: string, isFork = false) => permissionsOfJob(workflows, { workflow: "model", job }, isFork);
  expect(of("promote")).toEqual({ contents: "write", statuses: "read" });
  expect(of("promote", true)).toEqual({ contents: "read", statuses: "read" });
  expect(of("train")).toEqual({});
  expect(of("none")).toBeUndefined();
});

test("act's copy of a workflow loses concurrency and environment, and nothing else", () => {
  const text = `name: pipeline # of all
on:
  push:
concurrency: { group: a, queue: max }
jobs:
  promote:
    runs-on: ubuntu-latest
    environment: { name: dev, deployment: false }
    concurrency:
      group: b
      queue: max
    steps:
      - run: echo "\${{ github.ref == 'refs/heads/main' && 'a very long line that must not be folded, whatever its length may be' }}"
`;
  const { concurrency: _, ...rest } = readWorkflow(text);
  const { concurrency: __, environment: ___, ...job } = rest.jobs["promote"] as Record<string, unknown>;
  expect(readWorkflow(withoutUnknownKeys(text))).toEqual({ ...rest, jobs: { promote: job } });
});

describe("a change of scalars alone", () => {
  const before = 'images:\n  - newTag: none\n    digest: "" # by content\n';

  test("is told by its keys", () => {
    expect(changedScalars(before, before.replace("none", "a-1").replace('""', '"sha256:1"'))).toEqual([
      "newTag",
      "digest",
    ]);
  });

  test.each([
    ["a line more", `${before}a: b\n`],
    ["another key", before.replace("newTag", "newName")],
    ["another comment", before.replace("by content", "by name")],
    ["another indentation", before.replace("    digest", "   digest")],
  ])("is not %s", (_, after) => {
    expect(() => changedScalars(before, after)).toThrow();
  });
});
