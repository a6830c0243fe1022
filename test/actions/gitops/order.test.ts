import { describe, expect, test } from "vitest";
import { type Contest, type Decision, decide } from "#actions/gitops/order.ts";

const image = { name: "iris", tag: "iris-aaa-bbb" };
const current = {
  version: "7",
  modelDigest: "sha256:in-place",
  packageUri: "s3://models/iris",
  contentHash: "sha256:content",
  gitSha: "c0ffee",
  runId: "run",
  image,
};
const contender = { version: "8", modelDigest: "sha256:other", image: { name: "iris", tag: "iris-ccc-bbb" } };
const base: Contest = { contender, current, relation: "newer", order: "commit" };

describe("a release may replace the one in place", () => {
  const cases: [name: string, change: Partial<Contest>, kind: Decision["kind"], reason: RegExp][] = [
    ["nothing in place", { current: undefined, relation: "unknown" }, "promote", /the first/],
    ["newer code", {}, "promote", /newer code/],
    ["newer code, lower version (a revert)", { contender: { ...contender, version: "3" } }, "promote", /newer code/],
    ["older code", { relation: "older" }, "superseded", /version 7 was made from newer code.*is a rollback/],
    ["the same commit, higher version", { relation: "same" }, "promote", /version 8 is newer/],
    [
      "the same commit, lower version",
      { relation: "same", contender: { ...contender, version: "6" } },
      "superseded",
      /version 7 is newer/,
    ],
    [
      "versions compare as numbers",
      { relation: "same", contender: { ...contender, version: "10" } },
      "promote",
      /version 10/,
    ],
    ["diverged history, higher version", { relation: "diverged" }, "promote", /version 8 is newer/],
    [
      "diverged history, lower version",
      { relation: "diverged", contender: { ...contender, version: "2" } },
      "superseded",
      /newer/,
    ],
    ["unknown commits, higher version", { relation: "unknown" }, "promote", /version 8 is newer/],
    [
      "versions that are no numbers",
      { relation: "unknown", contender: { ...contender, version: "x" } },
      "refused",
      /not numbers/,
    ],
    ["order by version ignores older code", { order: "version", relation: "older" }, "promote", /version 8 is newer/],
    [
      "order by version, lower",
      { order: "version", contender: { ...contender, version: "6" } },
      "superseded",
      /version 7/,
    ],
    ["a blocked version", { blocked: "wrong labels" }, "refused", /blocked: wrong labels/],
    ["a blocked version without a reason", { blocked: "" }, "refused", /blocked: no reason given/],
    ["a blocked version even as the first", { blocked: "bad", current: undefined }, "refused", /blocked/],
    [
      "the same model with another image",
      { relation: "same", contender: { version: "7", modelDigest: current.modelDigest, image: contender.image } },
      "promote",
      /another image/,
    ],
  ];
  for (const [name, change, kind, reason] of cases) {
    test(name, () => {
      expect(decide({ ...base, ...change })).toEqual({ kind, reason: expect.stringMatching(reason) });
    });
  }
});

describe("the same content changes nothing, whatever its order", () => {
  const same = { version: "9", modelDigest: current.modelDigest, image };
  const digest = `sha256:${"1".repeat(64)}`;
  test.each(["same", "newer", "older", "diverged", "unknown"] as const)("%s", (relation) => {
    expect(decide({ ...base, contender: same, relation, blocked: "bad" }).kind).toBe("no-op");
  });
  test("an image digest in place satisfies a release that has none", () => {
    expect(decide({ ...base, contender: same, current: { ...current, image: { ...image, digest } } }).kind).toBe(
      "no-op",
    );
  });
  test("an image digest that became known is promoted", () => {
    expect(decide({ ...base, contender: { ...same, image: { ...image, digest } } }).kind).toBe("promote");
  });
});
