import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { runOracle } from "#test/parts/python.ts";
import { tableData } from "#test/parts/table-data.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { dataManifest } from "#training/data/manifest.ts";

const sample = resolve(import.meta.dirname, "../../../training/data/samples/iris.csv");
const names = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
const iris = tableData({ path: "iris.csv", features: names.map((name) => ({ name })), label: "species" });

test("the sample has Fisher's rows as scikit-learn has them, in their order", { timeout: 120_000 }, async () => {
  const Rows = z.object({ inputs: z.array(z.array(z.number())), labels: z.array(z.string()) });
  const { inputs, labels } = Rows.parse(await runOracle("test/training/data/iris.py", null));
  const [header, ...lines] = (await readFile(sample, "utf8")).trimEnd().split("\n");
  expect(header).toBe([...names, "species"].join(","));
  expect(lines.map((line) => line.split(",").slice(0, 4).map(Number))).toEqual(inputs);
  expect(lines.map((line) => line.split(",")[4])).toEqual(labels);
});

test("a missing file of a sample's name is copied to the data root once, and said", async () => {
  await using folder = await temporaryFolder();
  const told: string[] = [];
  const options = { root: folder.path, info: (message: string) => told.push(message) };
  const dataset = await loadDataset(iris, options);
  expect(dataset.summary.classes).toEqual({ setosa: 50, versicolor: 50, virginica: 50 });
  expect(dataset.summary.duplicates).toBe(2);
  expect(told).toEqual([`copied the sample iris.csv to ${join(folder.path, "data/iris.csv")}`]);
  expect(await readdir(join(folder.path, "data"))).toEqual(["iris.csv"]);
  await loadDataset(iris, options);
  expect(told).toHaveLength(1);
});

test("a file that is there is never replaced by the sample", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "data"));
  await writeFile(join(folder.path, "data/iris.csv"), "mine");
  await expect(loadDataset(iris, { root: folder.path })).rejects.toThrow('the header lacks "sepal_length"');
  expect(await readFile(join(folder.path, "data/iris.csv"), "utf8")).toBe("mine");
});

test("runs that copy the sample at the same time all read it whole", async () => {
  await using folder = await temporaryFolder();
  const loads = Array.from({ length: 8 }, () => loadDataset(iris, { root: folder.path }));
  const fingerprints = (await Promise.all(loads)).map(({ summary }) => summary.fingerprint);
  expect(new Set(fingerprints).size).toBe(1);
});

test("the manifest has every file's key, size and checksum", async () => {
  await using folder = await temporaryFolder();
  const bytes = await readFile(sample);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  expect(await dataManifest(iris, { root: folder.path })).toEqual([{ key: "iris.csv", size: bytes.length, sha256 }]);
  await mkdir(join(folder.path, "data/many/deep"), { recursive: true });
  await writeFile(join(folder.path, "data/many/b"), "b");
  await writeFile(join(folder.path, "data/many/deep/a"), "");
  const keys = (await dataManifest({ ...iris, path: "many" }, { root: folder.path })).map(({ key, size }) => ({
    key,
    size,
  }));
  expect(keys).toEqual([
    { key: "many/b", size: 1 },
    { key: "many/deep/a", size: 0 },
  ]);
});
