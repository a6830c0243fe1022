import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { imageNameOf, type Overlay, overlayPath, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";

const root = resolve(import.meta.dirname, "../../..");
const pristine = readFileSync(resolve(root, overlayPath("dev", "iris")), "utf8");
const hex = (character: string) => `sha256:${character.repeat(64)}`;
const first: Overlay = {
  version: "3",
  modelDigest: hex("a"),
  packageUri: "./outputs/dev/models/iris/0123456789abcdef/candidate/model",
  contentHash: hex("c"),
  gitSha: "0123456789abcdef0123456789abcdef01234567",
  runId: "4c1f0a",
  metric: "accuracy 96.67 %",
  verdict: 'pass: better than "3"',
  pullRequest: "https://github.com/owner/models/pull/7",
  image: { name: "registry.example.com/team/iris", tag: "iris-aaaaaaaaaaaa-bbbbbbbbbbbb", digest: hex("d") },
};

test("the overlay in this repository says that nothing was promoted", () => {
  expect(readOverlay(pristine)).toBeUndefined();
  expect(imageNameOf(pristine)).toBe("iris");
});

test("what was written is read back", () => {
  expect(readOverlay(writeOverlay(pristine, first))).toEqual(first);
  const { gitSha, ...withoutCommit } = first;
  expect(readOverlay(writeOverlay(writeOverlay(pristine, first), withoutCommit))).toEqual(withoutCommit);
});

test("only the lines of the facts change, and going back gives the same bytes", () => {
  const promoted = writeOverlay(pristine, first);
  const [before, after] = [pristine.split("\n"), promoted.split("\n")];
  expect(after).toHaveLength(before.length);
  const changed = before.flatMap((line, index) => (line === after[index] ? [] : [line.trim().split(":")[0]]));
  expect(changed).toEqual([
    "count",
    "newName",
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
    "slipway/pull-request",
  ]);
  const back = writeOverlay(promoted, undefined).replace("newName: registry.example.com/team/iris", "newName: iris");
  expect(back).toBe(pristine);
});

test("replicas start with the first promotion and are then left alone", () => {
  const promoted = writeOverlay(pristine, first);
  expect(promoted).toMatch(/count: 2 #/);
  const scaled = promoted.replace("count: 2", "count: 5");
  expect(writeOverlay(scaled, { ...first, version: "4" })).toMatch(/count: 5 #/);
  const stopped = promoted.replace("count: 2", "count: 0");
  expect(writeOverlay(stopped, { ...first, version: "4" })).toMatch(/count: 0 #/);
});

test("an overlay whose replicas an autoscaler sets is promoted without them", () => {
  const autoscaled = pristine.replace(/replicas:\n.*\n.*\n/, "");
  expect(autoscaled).not.toMatch(/replicas/);
  expect(readOverlay(writeOverlay(autoscaled, first))).toEqual(first);
});

test("the image of the base is found beside others", () => {
  const several = pristine.replace("images:\n", "images:\n  - name: sidecar\n    newTag: v1\n");
  const promoted = writeOverlay(several, first);
  expect(promoted).toContain("  - name: sidecar\n    newTag: v1\n");
  expect(readOverlay(promoted)).toEqual(first);
});

describe("an overlay that cannot carry a release is refused with what is wrong", () => {
  const cases: [name: string, source: string, message: RegExp][] = [
    [
      "no image",
      pristine.replace("- name: serving\n    newName", "- name: other\n    newName"),
      /images: none is named serving/,
    ],
    ["no digest", pristine.replace('    digest: ""\n', ""), /images\.0\.digest: no such value/],
    ["no annotation", pristine.replace('  slipway/model-digest: ""\n', ""), /slipway\/model-digest: no such value/],
  ];
  test.each(cases)("%s", (_name, source, message) => {
    expect(() => writeOverlay(source, first)).toThrow(message);
  });
  test("half-written facts", () => {
    const half = pristine.replace('model-digest: ""', `model-digest: "${hex("a")}"`);
    expect(() => readOverlay(half)).toThrow(/do not hold together:.*version/s);
    expect(() => readOverlay(pristine.replace('model-digest: ""', 'model-digest: "none"'))).toThrow(/modelDigest/);
  });
});
