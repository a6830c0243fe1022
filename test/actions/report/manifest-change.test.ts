import { cp, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { overlayPath, writeOverlay } from "#actions/gitops/overlay.ts";
import { manifestChange } from "#actions/report/manifest-change.ts";
import { readTools } from "#config/tools.ts";
import { digestOf } from "#test/parts/evaluation.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const root = resolve(import.meta.dirname, "../../..");
const { kustomize = "none" } = readTools(root);
const overlay = {
  version: "8",
  modelDigest: digestOf("a"),
  packageUri: "s3://models/iris/0123456789abcdef/candidate/model",
  contentHash: digestOf("c"),
  runId: "9f2c",
  image: { name: "iris", tag: "iris-aaaaaaaaaaaa-bbbbbbbbbbbb" },
};
const promotion = { env: "dev", model: "iris", promoted: () => overlay };

async function manifests() {
  const folder = await temporaryFolder();
  await cp(join(root, "manifests"), join(folder.path, "manifests"), { recursive: true });
  return folder;
}

test("kustomize renders what changes in each resource; equal changes are told once, and the checkout stays as it is", async () => {
  await using folder = await manifests();
  const path = join(folder.path, overlayPath("dev", "iris"));
  const before = await readFile(path, "utf8");
  const change = await manifestChange(folder.path, promotion, [[kustomize, "build"]]);
  if (change.kind !== "rendered") throw new Error(JSON.stringify(change));
  const [annotations, deployment] = change.changes;
  expect(annotations?.where).toEqual([
    "ServiceAccount iris-serving",
    "Service iris-serving",
    "PodDisruptionBudget iris-serving",
    "NetworkPolicy iris-serving",
  ]);
  expect(annotations?.lines).toContain('-    slipway/model-version: ""');
  expect(annotations?.lines).toContain('+    slipway/model-version: "8"');
  expect(deployment?.where).toEqual(["Deployment iris-serving"]);
  expect(deployment?.lines).toContain("-        image: iris:none");
  expect(deployment?.lines).toContain("+        image: iris:iris-aaaaaaaaaaaa-bbbbbbbbbbbb");
  expect(deployment?.lines).toContain("+  replicas: 2");
  expect(change.changes).toHaveLength(2);
  expect(await readFile(path, "utf8")).toBe(before);
});

test("what is there already is no change", async () => {
  await using folder = await manifests();
  const path = join(folder.path, overlayPath("dev", "iris"));
  await writeFile(path, writeOverlay(await readFile(path, "utf8"), overlay));
  expect(await manifestChange(folder.path, promotion, [[kustomize, "build"]])).toEqual({
    kind: "rendered",
    changes: [],
  });
});

test("the next program renders where the first is not there", async () => {
  const programs = [["no-such-program"], [kustomize, "build"]] as const;
  expect((await manifestChange(root, promotion, programs)).kind).toBe("rendered");
});

test("where nothing can render, the overlay's own text is told with the reason", async () => {
  await using folder = await manifests();
  const without = await manifestChange(folder.path, promotion, [["no-such-program"]]);
  expect(without).toMatchObject({ kind: "overlay", reason: "no-such-program is not on PATH" });
  await writeFile(join(folder.path, "manifests/serving/base/kustomization.yaml"), "resources: [nowhere.yaml]\n");
  const broken = await manifestChange(folder.path, promotion, [[kustomize, "build"]]);
  if (broken.kind !== "overlay") throw new Error(JSON.stringify(broken));
  expect(broken.reason).toMatch(/nowhere\.yaml/);
  expect(broken.changes[0]?.where).toEqual(["manifests/serving/overlays/dev/iris/kustomization.yaml"]);
  expect(broken.changes[0]?.lines).toContain(`+  slipway/model-digest: "${digestOf("a")}"`);
});

test("a model without an overlay is told, not thrown", async () => {
  const change = await manifestChange(root, { ...promotion, model: "roses" }, [[kustomize, "build"]]);
  expect(change).toMatchObject({ kind: "unknown", reason: expect.stringContaining("overlays/dev/roses") });
});
