import "@tensorflow/tfjs-backend-cpu";
import { cp, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import type { Digest } from "#training/candidate.ts";
import { sha256 } from "#training/package/digests.ts";
import { readPackage } from "#training/package/read.ts";
import { writePackage } from "#training/package/write.ts";
import { contentsOf, seededModel } from "./fixtures.ts";

const folder = await temporaryFolder();
const sound = join(folder.path, "sound");
let digest: Digest;

beforeAll(async () => {
  ({ digest } = await writePackage(sound, contentsOf(seededModel("mlp"))));
});
afterAll(() => folder[Symbol.asyncDispose]());

test("a package is read as it was written", async () => {
  const contents = contentsOf(seededModel("mlp"));
  const read = await readPackage(sound, digest);
  expect(read).toMatchObject({ digest, classes: contents.classes, info: contents.info, temperature: 1.25 });
  expect(read.signature).toEqual({
    inputs: { dtype: "float32", shape: [-1, 4] },
    outputs: { dtype: "float32", shape: [-1, 3] },
  });
  expect(new Float32Array(read.inputExample.flat().map(Number))).toEqual(contents.inputExample);
  expect(read.reference).toEqual(contents.reference);
  const weights = contents.model.getWeights().map((weight) => [...weight.dataSync()]);
  expect(read.model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(weights);
  read.model.dispose();
});

describe("a package is refused, with the file at fault,", () => {
  const changes: Record<string, { change: (path: string) => Promise<void>; names: RegExp }> = {
    "when weights are corrupted": {
      change: (path) => flipByte(join(path, "weights.bin")),
      names: /weights\.bin: its digest/,
    },
    "when a file that only Python reads is corrupted": {
      change: (path) => flipByte(join(path, "data/model.h5")),
      names: /data\/model\.h5: its digest/,
    },
    "when weights are cut short": {
      change: (path) => truncate(join(path, "weights.bin"), 100),
      names: /weights\.bin: its digest/,
    },
    "when a file is empty": {
      change: (path) => truncate(join(path, "model.json"), 0),
      names: /model\.json: its digest/,
    },
    "when a file is renamed": {
      change: (path) => rename(join(path, "weights.bin"), join(path, "weights2.bin")),
      names: /weights\.bin: missing\nweights2\.bin: not listed/,
    },
    "when a file is missing": {
      change: (path) => rm(join(path, "class_names.txt")),
      names: /class_names\.txt: missing/,
    },
    "when there is a file too many": {
      change: (path) => writeFile(join(path, "data/custom_objects.cloudpickle"), "x"),
      names: /data\/custom_objects\.cloudpickle: not listed/,
    },
    "when two files are swapped": {
      async change(path) {
        await rename(join(path, "model.json"), join(path, "aside"));
        await rename(join(path, "reference.json"), join(path, "model.json"));
        await rename(join(path, "aside"), join(path, "reference.json"));
      },
      names: /model\.json: its digest.*\nreference\.json: its digest/,
    },
    "when a file is a link to somewhere else": {
      async change(path) {
        await rename(join(path, "MLmodel"), join(folder.path, "elsewhere"));
        await symlink(join(folder.path, "elsewhere"), join(path, "MLmodel"));
      },
      names: /MLmodel: not a plain file/,
    },
    "when the list is missing": { change: (path) => rm(join(path, "digests.txt")), names: /digests\.txt: missing/ },
    "when the list is cut short": {
      change: (path) => truncate(join(path, "digests.txt"), 100),
      names: /digests\.txt: the last line is cut off/,
    },
    "when the list leaves the folder": {
      change: (path) => writeFile(join(path, "digests.txt"), `${"0".repeat(64)}  ../../secret\n`),
      names: /digests\.txt: line 1/,
    },
    "when the list names a file twice": {
      async change(path) {
        const list = await readFile(join(path, "digests.txt"), "utf8");
        await writeFile(join(path, "digests.txt"), `${list}${list.split("\n")[0]}\n`);
      },
      names: /digests\.txt: line \d+ lists MLmodel a second time/,
    },
    "when the list leaves out the weights": {
      async change(path) {
        const list = await readFile(join(path, "digests.txt"), "utf8");
        await writeFile(join(path, "digests.txt"), list.replace(/.* {2}weights\.bin\n/, ""));
      },
      names: /weights\.bin: not listed/,
    },
  };

  test.each(Object.entries(changes))("%s", async (_name, { change, names }) => {
    const path = await copyOfPackage();
    await change(path);
    await expect(readPackage(path)).rejects.toThrow(names);
    await expect(readPackage(path)).rejects.toBeInstanceOf(BadInputError);
  });

  test("when it is not the one that was expected", async () => {
    const other = join(folder.path, "other");
    await writePackage(other, contentsOf(seededModel("mlp", 2)));
    await expect(readPackage(other, digest)).rejects.toThrow(/digests\.txt: its digest is .* was expected/);
  });

  test("when there is none", async () => {
    await expect(readPackage(join(folder.path, "nowhere"))).rejects.toThrow(/nowhere/);
  });
});

describe("a package whose digests are right is refused", () => {
  const replace = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to);
  const forgeries: [string, string, (text: string) => string, RegExp][] = [
    [
      "for a Lambda layer",
      "model.json",
      replace(/"class_name": "Dense"/, '"class_name": "Lambda"'),
      /the layer class "Lambda" is not allowed/,
    ],
    [
      "for a layer nobody knows",
      "model.json",
      replace(/"class_name": "Dense"/, '"class_name": "Evil>Layer"'),
      /"Evil>Layer" is not allowed/,
    ],
    [
      "for a nested model",
      "model.json",
      replace(/"class_name": "Dense"/, '"class_name": "Sequential"'),
      /"Sequential" is not allowed/,
    ],
    [
      "for an unknown initializer",
      "model.json",
      replace(/"class_name": "VarianceScaling"/, '"class_name": "Custom"'),
      /the class "Custom" is not allowed/,
    ],
    [
      "for an unknown activation",
      "model.json",
      replace('"activation": "relu"', '"activation": "eval"'),
      /model\.json: .*eval/,
    ],
    ["for an executable graph", "model.json", replace('"layers-model"', '"graph-model"'), /model\.json: .*\n.*format/],
    ["for weights from elsewhere", "model.json", replace('"weights.bin"', '"/etc/passwd"'), /model\.json: .*\n.*paths/],
    [
      "for a shape that is not the layer's",
      "model.json",
      replace(/"shape": \[\s*8,\s*3\s*\]/, '"shape": [3, 8]'),
      /model\.json: topology and weights/,
    ],
    [
      "for a layer of another size",
      "model.json",
      replace('"units": 8', '"units": 9'),
      /model\.json: topology and weights/,
    ],
    [
      "for missing weights",
      "model.json",
      replace(/\{\s*"name": "dense\/bias",[^}]*\},/, ""),
      /weights\.bin: \d+ bytes, model\.json needs/,
    ],
    [
      "for a weight under a wrong name",
      "model.json",
      replace('"dense/bias"', '"dense/other"'),
      /model\.json: topology and weights/,
    ],
    [
      "for a prototype in JSON",
      "model.json",
      replace('"format"', '"__proto__": {}, "format"'),
      /model\.json: the key __proto__ is not allowed/,
    ],
    ["for what is not JSON", "reference.json", replace("{", ""), /reference\.json: /],
    ["for an unknown key", "reference.json", replace('"rows"', '"more": 1, "rows"'), /reference\.json: .*more/],
    [
      "for a class too few",
      "class_names.txt",
      replace("setosa\n", ""),
      /class_names\.txt: 2 classes for a model of 3 outputs/,
    ],
    [
      "for a class twice",
      "class_names.txt",
      replace("setosa", "virginica"),
      /class_names\.txt: the class "virginica" is named twice/,
    ],
    [
      "for a control character in a class",
      "class_names.txt",
      replace("setosa", "set\u001bosa"),
      /class_names\.txt: class 1/,
    ],
    ["for a signature of other shapes", "MLmodel", replace("[-1,4]", "[-1,5]"), /input_example\.json|MLmodel/],
    ["for an MLmodel that is no YAML", "MLmodel", () => "a: [", /MLmodel: /],
    ["for an example of another shape", "input_example.json", () => "[[1, 2]]", /input_example\.json: 2 values/],
    ["for an example of text", "input_example.json", () => '[["a"]]', /input_example\.json: /],
    [
      "for reference statistics of other classes",
      "reference.json",
      replace(/"labels": \[/, '"labels": [7, '),
      /reference\.json: 4 classes/,
    ],
  ];

  test.each(forgeries)("%s", async (...[, file, change, reason]) => {
    const path = await copyOfPackage();
    const text = await readFile(join(path, file), "utf8");
    expect(change(text)).not.toBe(text);
    await forge(path, file, Buffer.from(change(text)));
    await expect(readPackage(path)).rejects.toThrow(reason);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("for a weight that is %d", async (value) => {
    const path = await copyOfPackage();
    const weights = await readFile(join(path, "weights.bin"));
    weights.writeFloatLE(value, 20);
    await forge(path, "weights.bin", weights);
    await expect(readPackage(path)).rejects.toThrow(`weights.bin: weight 5 is ${value}`);
  });

  test("for weights too many", async () => {
    const path = await copyOfPackage();
    await forge(path, "weights.bin", Buffer.concat([await readFile(join(path, "weights.bin")), Buffer.alloc(4)]));
    await expect(readPackage(path)).rejects.toThrow(/weights\.bin: \d+ bytes, model\.json needs/);
  });

  test("for text that is not UTF-8", async () => {
    const path = await copyOfPackage();
    await forge(path, "class_names.txt", Buffer.from([0xff, 0xfe, 0x0a]));
    await expect(readPackage(path)).rejects.toThrow(/class_names\.txt: /);
  });
});

test("a refused package leaves no tensor behind once its model was made", async () => {
  const path = await copyOfPackage();
  await forge(path, "class_names.txt", Buffer.from("a\nb\n"));
  const before = memory().numTensors;
  await expect(readPackage(path)).rejects.toThrow();
  expect(memory().numTensors).toBe(before);
});

let copies = 0;

async function copyOfPackage(): Promise<string> {
  const path = join(folder.path, `copy-${copies++}`);
  await cp(sound, path, { recursive: true });
  return path;
}

async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** Changes a file and its line in the list, as someone would who can write both. */
async function forge(path: string, file: string, bytes: Buffer): Promise<void> {
  await writeFile(join(path, file), bytes);
  const list = await readFile(join(path, "digests.txt"), "utf8");
  const line = new RegExp(`^.{64}  ${file.replaceAll(".", "\\.")}$`, "m");
  await writeFile(join(path, "digests.txt"), list.replace(line, `${sha256(bytes).slice("sha256:".length)}  ${file}`));
}
