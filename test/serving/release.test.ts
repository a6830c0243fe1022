import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { promotedPackage } from "#serving/release.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import type { Release } from "#training/release.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

const promoted: Release = {
  state: "promoted",
  model: "iris",
  env: "dev",
  version: "7",
  modelDigest: digest("1"),
  contentHash: digest("2"),
  trackingUri: "http://localhost:5000",
  runId: "run",
  modelId: "m-1",
  gitSha: "0".repeat(40),
  packageUri: "./outputs/dev/models/iris/22/candidate/model",
  metric: { name: "accuracy", value: 0.97 },
  registeredAt: "2026-11-23T00:00:00Z",
  image: { name: "iris", tag: "iris-1" },
  commit: { repository: "outputs/dev/gitops", branch: "main", sha: "1".repeat(40) },
  promotedAt: "2026-11-23T00:00:01Z",
};

const iris = { env: "dev", model: "iris", outputs: "./outputs/dev" };

async function rootWith(release?: object) {
  const folder = await temporaryFolder();
  await mkdir(join(folder.path, "outputs/dev/iris"), { recursive: true });
  if (release) await writeFile(join(folder.path, "outputs/dev/iris/release.json"), JSON.stringify(release));
  return folder;
}

test("the promoted release names the package, its digest and where it came from", async () => {
  await using root = await rootWith(promoted);
  expect(await promotedPackage(root.path, iris)).toEqual({
    folder: join(root.path, "outputs/dev/models/iris/22/candidate/model"),
    digest: digest("1"),
    lineage: { name: "iris", version: "7", contentHash: digest("2"), runId: "run", gitSha: "0".repeat(40) },
  });
});

test("without a release the way to one is told", async () => {
  await using root = await rootWith();
  const missing = promotedPackage(root.path, iris);
  await expect(missing).rejects.toThrow(BadInputError);
  await expect(missing).rejects.toThrow(/no release of iris.*: npm start -- --env dev --model iris makes one/);
});

test("a version that is registered and not promoted is not served", async () => {
  const { image, commit, promotedAt, ...registered } = promoted;
  await using root = await rootWith({ ...registered, state: "registered" });
  await expect(promotedPackage(root.path, iris)).rejects.toThrow(/version 7 is registered and not/);
});
