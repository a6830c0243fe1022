import { describe, expect, test } from "vitest";
import { progressOf, type Sight } from "#actions/await-sync/progress.ts";
import { Application, Deployment, ResourceTree } from "#actions/gitops/argocd-answers.ts";

const hex = (character: string) => `sha256:${character.repeat(64)}`;
const image = { name: "ghcr.io/o/iris", tag: "iris-aaaaaaaaaaaa-bbbbbbbbbbbb", digest: hex("d") };
const text = `${image.name}:${image.tag}@${image.digest}`;
const awaited = { version: "3", modelDigest: hex("a"), image: text };
const promoted = {
  ...{ version: "3", modelDigest: hex("a"), image, runId: "r" },
  ...{ packageUri: "s3://models/iris", contentHash: hex("c") },
};
const done = {
  sync: { status: "Synced", revision: "f".repeat(40) },
  health: { status: "Healthy" },
  operationState: { phase: "Succeeded" },
};
const application = (status: object) =>
  Application.parse({ spec: { destination: { namespace: "models-dev" } }, status: { ...done, ...status } });
const deployment = (status: object = {}, { digest = awaited.modelDigest, name = text } = {}) =>
  Deployment.parse({
    metadata: { generation: 4 },
    spec: {
      replicas: 2,
      template: {
        metadata: { annotations: { "slipway/model-digest": digest } },
        spec: { containers: [{ name: "serving", image: name }] },
      },
    },
    status: { observedGeneration: 4, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status },
  });
const pod = (health: object) =>
  ResourceTree.parse({ nodes: [{ kind: "Pod", name: "iris-serving-1", images: [text], health }] });
const sight: Sight = {
  ...{ awaited, promoted, relation: "same", application: application({}), deployment: deployment() },
  ...{ tree: ResourceTree.parse({}), degradedMs: 0 },
};

test.each<[what: string, change: Partial<Sight>, kind: string, reason: RegExp]>([
  ["all pods have it", {}, "deployed", /version 3 is Synced and Healthy at f{12}: 2 of 2 pods have it/],
  ["a later commit that still has it was synced", { relation: "newer" }, "deployed", /Synced and Healthy/],
  ["Argo CD is at the commit before", { relation: "older" }, "waiting", /does not have the promotion yet/],
  ["Argo CD is at a commit nobody knows", { relation: "unknown" }, "waiting", /does not have the promotion yet/],
  [
    "it was not yet compared",
    { application: application({ sync: undefined, operationState: undefined }), relation: "unknown" },
    "waiting",
    /no revision/,
  ],
  [
    "a newer version was promoted meanwhile",
    { promoted: { ...promoted, version: "4", modelDigest: hex("b") } },
    "superseded",
    /names version 4 in the place of 3/,
  ],
  [
    "the same model came in another image",
    { promoted: { ...promoted, image: { ...image, digest: hex("e") } } },
    "superseded",
    /names version 3/,
  ],
  [
    "the sync is under way",
    { application: application({ sync: { status: "OutOfSync", revision: "f" } }) },
    "waiting",
    /brings/,
  ],
  [
    "the sync failed",
    {
      application: application({
        sync: { status: "OutOfSync", revision: "f".repeat(40) },
        operationState: {
          phase: "Failed",
          message: "one or more objects failed to apply",
          syncResult: {
            revision: "f".repeat(40),
            resources: [
              { kind: "Service", name: "iris-serving", status: "Synced" },
              { kind: "Deployment", name: "iris-serving", status: "SyncFailed", message: "spec.selector: immutable" },
            ],
          },
        },
      }),
    },
    "failed",
    /ended as Failed: Deployment iris-serving: spec.selector: immutable$/,
  ],
  [
    "the sync failed before it had a result",
    {
      application: application({
        sync: { status: "OutOfSync", revision: "f".repeat(40) },
        operationState: { phase: "Error", message: "no permission to create a namespace" },
      }),
    },
    "failed",
    /ended as Error: no permission to create a namespace$/,
  ],
  [
    "the sync of the commit before failed, and that of this one is still to come",
    {
      application: application({
        sync: { status: "OutOfSync", revision: "f".repeat(40) },
        operationState: { phase: "Failed", message: "bad", syncResult: { revision: "e".repeat(40) } },
      }),
    },
    "waiting",
    /brings f{12} to the cluster \(OutOfSync\)/,
  ],
  [
    "the live Deployment still has another model",
    { deployment: deployment({}, { digest: hex("b") }) },
    "waiting",
    /does not have/,
  ],
  [
    "the live Deployment still has another image",
    { deployment: deployment({}, { name: "iris:1" }) },
    "waiting",
    /does not have/,
  ],
  ["there is no Deployment", { deployment: undefined }, "waiting", /does not have/],
  ["one pod is new", { deployment: deployment({ updatedReplicas: 1 }) }, "waiting", /1 of 2 pods have it/],
  ["an old pod is still there", { deployment: deployment({ replicas: 3 }) }, "waiting", /2 of 2/],
  ["one is not available", { deployment: deployment({ availableReplicas: 1 }) }, "waiting", /1 are available/],
  ["the status is of an older generation", { deployment: deployment({ observedGeneration: 3 }) }, "waiting", /2 of 2/],
  [
    "a pod can't pull the image, for a moment",
    {
      deployment: deployment({ availableReplicas: 1 }),
      degradedMs: 1_000,
      tree: pod({ status: "Degraded", message: "Back-off pulling" }),
    },
    "waiting",
    /pod iris-serving-1: Back-off pulling/,
  ],
  [
    "a pod can't pull the image, for long",
    {
      deployment: deployment({ availableReplicas: 1 }),
      degradedMs: 60_000,
      tree: pod({ status: "Degraded", message: "Back-off pulling" }),
    },
    "failed",
    /degraded for 60 s: .*pod iris-serving-1: Back-off pulling/,
  ],
  [
    "the Deployment gave up",
    {
      deployment: deployment({
        conditions: [
          {
            type: "Progressing",
            status: "False",
            reason: "ProgressDeadlineExceeded",
            message: "timed out progressing",
          },
        ],
      }),
    },
    "failed",
    /timed out progressing/,
  ],
  [
    "Argo CD can't build the manifests, for long",
    {
      application: application({ conditions: [{ type: "ComparisonError", message: "kustomize build failed" }] }),
      degradedMs: 60_000,
    },
    "failed",
    /can't compare: kustomize build failed/,
  ],
])("%s", (_, change, kind, reason) => {
  const progress = progressOf({ ...sight, ...change });
  expect(progress).toEqual({ kind, reason: expect.stringMatching(reason) });
});

describe("an image without a digest", () => {
  test("is known by its tag", () => {
    const plain = { name: "iris", tag: "iris-aaaaaaaaaaaa-bbbbbbbbbbbb" };
    const change = {
      awaited: { ...awaited, image: "iris:iris-aaaaaaaaaaaa-bbbbbbbbbbbb" },
      promoted: { ...promoted, image: plain },
      deployment: deployment({}, { name: "iris:iris-aaaaaaaaaaaa-bbbbbbbbbbbb" }),
    };
    expect(progressOf({ ...sight, ...change }).kind).toBe("deployed");
  });
});
