import "@tensorflow/tfjs-backend-cpu";
import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { io, memory, tensor } from "@tensorflow/tfjs-core";
import { layers, loadLayersModel, sequential } from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { sha256 } from "#training/package/digests.ts";
import { readPackage } from "#training/package/read.ts";
import { writePackage } from "#training/package/write.ts";
import { type architectures, contentsOf, seededModel } from "./fixtures.ts";

test.each(["mlp", "cnn", "residual"] satisfies (keyof typeof architectures)[])(
  "the same %s model is the same bytes, however often and whenever it is packaged",
  async (name) => {
    await using folder = await temporaryFolder();
    const first = await writePackage(join(folder.path, "first"), contentsOf(seededModel(name)));
    await new Promise((done) => setTimeout(done, 1100)); // HDF5's clock ticks in seconds
    const again = await writePackage(join(folder.path, "again"), contentsOf(seededModel(name)));
    const read = await readPackage(join(folder.path, "first"));
    const copied = await writePackage(join(folder.path, "copied"), { ...contentsOf(read.model) });
    expect([again.digest, copied.digest]).toEqual([first.digest, first.digest]);
  },
);

test("another weight is another digest", async () => {
  await using folder = await temporaryFolder();
  const first = await writePackage(join(folder.path, "first"), contentsOf(seededModel("softmax", 1)));
  const other = await writePackage(join(folder.path, "other"), contentsOf(seededModel("softmax", 2)));
  expect(other.digest).not.toBe(first.digest);
});

test("sha256sum accepts the list of digests, whose own digest is the model's", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "model");
  const { digest } = await writePackage(path, contentsOf(seededModel("softmax")));
  const { stdout } = await promisify(execFile)("sha256sum", ["--check", "--strict", "digests.txt"], { cwd: path });
  expect(stdout).toContain("weights.bin: OK");
  const list = await readFile(join(path, "digests.txt"), "utf8");
  const files = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(list.trimEnd().split("\n")).toHaveLength(files.length - 1);
  expect(sha256(list)).toBe(digest);
});

test("stock TensorFlow.js reads the layers format", async () => {
  await using folder = await temporaryFolder();
  const model = seededModel("cnn");
  await writePackage(folder.path, contentsOf(model));
  const json = JSON.parse(await readFile(join(folder.path, "model.json"), "utf8"));
  const weights = new Uint8Array(await readFile(join(folder.path, "weights.bin"))).buffer;
  const load = async (): Promise<io.ModelArtifacts> =>
    io.getModelArtifactsForJSON(json, async (manifest) => [io.getWeightSpecs(manifest), weights]);
  const read = await loadLayersModel({ load });
  const image = tensor(contentsOf(model).inputExample, [3, 12, 12, 3]);
  expect(String(read.predict(image))).toBe(String(model.predict(image)));
});

test("a package takes the place of the one before, and other users may read it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "model");
  await writePackage(path, contentsOf(seededModel("cnn")));
  const { digest } = await writePackage(path, contentsOf(seededModel("softmax")));
  const read = await readPackage(path, digest);
  read.model.dispose();
  expect(await readdir(folder.path)).toEqual(["model"]);
  expect((await stat(path)).mode & 0o055).toBe(0o055 & ~process.umask());
});

test.each<[string, () => Partial<Parameters<typeof writePackage>[1]>, RegExp]>([
  ["weights that are not numbers", () => ({ model: withWeight(Number.NaN) }), /weight 0 is NaN/],
  ["infinite weights", () => ({ model: withWeight(Number.NEGATIVE_INFINITY) }), /weight 0 is -Infinity/],
  ["classes that do not fit", () => ({ classes: ["a", "b"] }), /2 classes for a model of 3 outputs/],
  ["a class name of two lines", () => ({ classes: ["a", "b\nc", "d"] }), /class 2, "b\\nc"/],
  ["half an input example", () => ({ inputExample: new Float32Array(6) }), /6 values; whole rows of \[4\]/],
  ["a layer that other readers do not know", () => ({ model: withLayerNorm() }), /"LayerNormalization" is not allowed/],
])("a model with %s is not packaged, and what was there stays", async (_name, change, reason) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "model");
  const contents = contentsOf(seededModel("softmax"));
  const { digest } = await writePackage(path, contents);
  const wrong = { ...contents, ...change() };
  const before = memory().numTensors;
  await expect(writePackage(path, wrong)).rejects.toThrow(reason);
  await expect(writePackage(path, wrong)).rejects.toBeInstanceOf(BadInputError);
  expect(memory().numTensors).toBe(before);
  expect(await readdir(folder.path)).toEqual(["model"]);
  await expect(readPackage(path, digest)).resolves.toMatchObject({ digest });
});

function withWeight(value: number) {
  const model = seededModel("softmax");
  const [kernel, ...rest] = model.getWeights();
  const values = kernel?.dataSync<"float32">().slice() ?? new Float32Array();
  values[0] = value;
  model.setWeights([tensor(values, kernel?.shape), ...rest]);
  return model;
}

function withLayerNorm() {
  return sequential({
    layers: [layers.layerNormalization({ inputShape: [4] }), layers.dense({ units: 3, activation: "softmax" })],
  });
}
