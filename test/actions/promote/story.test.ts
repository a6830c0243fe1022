import { expect, test } from "vitest";
import type { Overlay } from "#actions/gitops/overlay.ts";
import type { CodeCommit } from "#actions/gitops/trailers.ts";
import { storyOf } from "#actions/promote/story.ts";
import { registered, sha256Of } from "#test/parts/release.ts";

const release = registered(2);
const commit: CodeCommit = {
  sha: "0123456789abcdef0123456789abcdef01234567",
  author: "Ada Lovelace",
  email: "ada@example.com",
  date: "2026-11-23T01:02:03+01:00",
  subject: "Widen the layer (#7)",
  body: "",
  repositoryUrl: "https://github.com/octo-org/models.git",
};
const current: Overlay = {
  version: "2",
  modelDigest: release.modelDigest,
  packageUri: "./outputs",
  contentHash: sha256Of("c"),
  runId: "run-2",
  image: { name: "iris", tag: "a" },
  metric: "accuracy 95 %",
  verdict: "pass: as good as it was",
  pullRequest: "https://github.com/octo-org/models/pull/3",
};
const { metric, verdict, ...unjudged } = release;

test("a judged release tells its metric, the verdict and its pull request", () => {
  expect(storyOf(release, { current, commit })).toEqual({
    metric: "accuracy 96 %",
    verdict: "pass: accuracy 96 % reaches 90 %",
    pullRequest: "https://github.com/octo-org/models/pull/7",
  });
});

test("what was not judged anew keeps what was said of the same model, and of no other", () => {
  expect(storyOf(unjudged, { current, commit })).toMatchObject({ metric: current.metric, verdict: current.verdict });
  const other = { ...current, modelDigest: sha256Of("e") };
  expect(storyOf(unjudged, { current: other, commit: undefined })).toEqual({});
});

test.each([
  ["Merge pull request #12 from octo-org/wider", "https://github.com/octo-org/models/pull/12"],
  ["Undo (#3) again (#4)", "https://github.com/octo-org/models/pull/4"],
  ["See (#3) and go on", undefined],
  ["Widen the layer", undefined],
])("the pull request of %j is %s", (subject, expected) => {
  expect(storyOf(release, { current, commit: { ...commit, subject } }).pullRequest).toBe(expected);
});

test("a repository that no browser opens gives no link", () => {
  const repositoryUrl = "git@github.com:octo-org/models.git";
  expect(storyOf(release, { current, commit: { ...commit, repositoryUrl } }).pullRequest).toBeUndefined();
});

test("a verdict of many lines is one line of at most 500 characters", () => {
  const long = { kind: "inconclusive", reason: `slice a\nb: ${"x".repeat(600)}` } as const;
  const story = storyOf({ ...release, verdict: long }, { current, commit });
  expect(story.verdict).toMatch(/^inconclusive: slice a b: x+$/);
  expect(story.verdict).toHaveLength(500);
});
