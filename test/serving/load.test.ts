import { appendFile, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { loadModel } from "#serving/load.ts";
import { classes, flower, writeIrisPackage } from "#test/parts/iris-served.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const nobody = { isGone: () => false, charge: () => undefined };
const lineage = { name: "iris", version: "3" };
const row = Float32Array.from(Object.values(flower));

async function packaged() {
  const folder = await temporaryFolder();
  const { digest } = await writeIrisPackage(folder.path);
  return { folder: folder.path, digest, lineage, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test("a whole package becomes a model that answers its own example", async () => {
  await using source = await packaged();
  const served = await loadModel(source);
  if (served.kind === "broken") throw served.cause;
  expect(served.lineage).toEqual({ ...lineage, digest: source.digest });
  expect(served.classes).toEqual(classes);
  expect(served.format.encode(flower)).toEqual(row);
  expect(served.format.schema).toMatchObject({ examples: [flower] });
  const probabilities = await served.engine.predict(row, nobody);
  expect(classes[probabilities.indexOf(Math.max(...probabilities))]).toBe("setosa");
});

test("a package that is served by hand tells its own digest", async () => {
  await using source = await packaged();
  const { lineage: told } = await loadModel({ folder: source.folder, lineage });
  expect(told.digest).toBe(source.digest);
});

test.for<[string, string, (folder: string) => Promise<void>]>([
  [
    "a changed byte",
    "weights.bin",
    async (folder) => {
      const bytes = await readFile(join(folder, "weights.bin"));
      bytes[3] = (bytes[3] ?? 0) ^ 1;
      await writeFile(join(folder, "weights.bin"), bytes);
    },
  ],
  ["a short file", "weights.bin", (folder) => truncate(join(folder, "weights.bin"), 8)],
  ["a missing file", "model.json", (folder) => rm(join(folder, "model.json"))],
  [
    "two swapped files",
    "class_names.txt",
    async (folder) => {
      await rename(join(folder, "class_names.txt"), join(folder, "kept"));
      await rename(join(folder, "model_summary.txt"), join(folder, "class_names.txt"));
      await rename(join(folder, "kept"), join(folder, "model_summary.txt"));
    },
  ],
  ["a longer list of digests", "digests.txt", (folder) => appendFile(join(folder, "digests.txt"), "\n")],
])("a package with %s is broken; the reason names the file and no path of this machine", async ([, file, damage]) => {
  await using source = await packaged();
  await damage(source.folder);
  const served = await loadModel(source);
  if (served.kind !== "broken") throw new Error("it was served");
  expect(served.reason).toContain(file);
  expect(served.reason).not.toContain(source.folder);
  expect(served.lineage.digest).toBe(source.digest);
});

test("another package than the release names is broken, whole as it is", async () => {
  await using source = await packaged();
  const served = await loadModel({ ...source, digest: `sha256:${"0".repeat(64)}` });
  expect(served).toMatchObject({ kind: "broken", reason: expect.stringContaining("digest") });
});

test("no package at all is broken", async () => {
  await using folder = await temporaryFolder();
  expect(await readdir(folder.path)).toEqual([]);
  expect(await loadModel({ folder: folder.path, lineage })).toMatchObject({ kind: "broken" });
  const nowhere = await loadModel({ folder: join(folder.path, "nowhere"), lineage });
  expect(nowhere).toMatchObject({ kind: "broken", reason: expect.stringContaining("there is no such folder") });
});

test("a model that does not end in probabilities is broken", async () => {
  await using folder = await temporaryFolder();
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 3, inputShape: [4], biasInitializer: "ones" })] });
  await writeIrisPackage(folder.path, model);
  expect(await loadModel({ folder: folder.path, lineage })).toMatchObject({
    kind: "broken",
    reason: expect.stringContaining("add up to"),
  });
});
