import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "#config/load.ts";
import type { Config } from "#config/schema.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { changedIngredients, contentHash, treeHash } from "#training/content-hash.ts";

const config = await loadConfig({ root: join(import.meta.dirname, "../.."), env: "dev", model: "iris" });
const { data } = config;
if (data.format !== "table") throw new Error("iris is a table");
const file = { key: "iris.csv", size: 5, sha256: "00".repeat(32) };
const files = [file];
const tree = {
  "package-lock.json": "{}",
  ".gitignore": "*.log\n",
  "training/train.ts": "train",
  "training/data/csv.ts": "csv",
};

/** A checkout of `tree` with `changed` files in it; under git unless said otherwise. */
async function checkout(changed: Record<string, string> = {}, { git = true } = {}) {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries({ ...tree, ...changed })) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    await writeFile(join(folder.path, name), text);
  }
  if (git) execFileSync("git", ["init", "--quiet"], { cwd: folder.path });
  return folder;
}

async function hashOf(changed: Record<string, string> = {}, content: { config?: Config; files?: typeof files } = {}) {
  await using folder = await checkout(changed);
  return await contentHash({ codeRoot: folder.path, config, files, ...content });
}

describe("the content hash", async () => {
  const before = await hashOf();

  test("is the same from any checkout path, in any order of keys", async () => {
    const reversed = Object.fromEntries(Object.entries(config).reverse()) as Config;
    expect(await hashOf({}, { config: reversed })).toEqual(before);
    expect(before.hash).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test.each<[string, Partial<Config>]>([
    ["architecture", { architecture: "mlp" }],
    ["training", { training: { ...config.training, learningRate: 0.011 } }],
    ["seed", { training: { ...config.training, seed: 43 } }],
    ["roles", { data: { ...data, roles: { ...data.roles, salt: "x" } } }],
    ["slices", { data: { ...data, slices: {} } }],
  ])("changes with the configured %s", async (_, change) => {
    const after = await hashOf({}, { config: { ...config, ...change } });
    expect(after.hash).not.toBe(before.hash);
    expect(changedIngredients(before.ingredients, after.ingredients)).toEqual(["config"]);
  });

  test.each<[string, Partial<Config>]>([
    ["environment", { env: "prod" }],
    ["outputs", { outputs: "/elsewhere", models: { uri: "s3://elsewhere" } }],
    ["tracking server", { tracking: { uri: "http://mlflow:5000" } }],
    ["device", { device: "js" }],
    ["priority", { priority: "high" }],
    ["promotion", { promotion: { ...config.promotion, mode: "pull-request" } }],
    ["cost", { cost: { ...config.cost, currency: "EUR" } }],
    ["gate", { gate: { ...config.gate, minimum: 0.1 } }],
    ["serving", { serving: { ...config.serving, port: 1 } }],
    ["description", { description: "another" }],
    ["time between checkpoints", { training: { ...config.training, checkpointSeconds: 1 } }],
    ["place of equal data", { data: { ...data, root: "s3://datasets" } }],
  ])("does not change with the %s", async (_, change) => {
    expect(await hashOf({}, { config: { ...config, ...change } })).toEqual(before);
  });

  test.each([
    ["bytes", { sha256: "11".repeat(32) }],
    ["name", { key: "other.csv" }],
    ["size", { size: 6 }],
  ])("changes with the %s of a data file", async (_, change) => {
    const after = await hashOf({}, { files: [{ ...file, ...change }] });
    expect(changedIngredients(before.ingredients, after.ingredients)).toEqual(["data"]);
  });

  test.each([
    ["an edited file", "training/train.ts", "train better"],
    ["a new file", "training/loss.ts", "loss"],
    ["an empty new file", "training/data/empty.ts", ""],
  ])("changes with %s of training, committed or not", async (_, path, text) => {
    const after = await hashOf({ [path]: text });
    expect(changedIngredients(before.ingredients, after.ingredients)).toEqual(["code"]);
  });

  test("does not change with files of other folders, notebooks or those git ignores", async () => {
    const files = { "serving/app.ts": "app", "training/debug.log": "noise", "training/notebooks/train.ipynb": "{}" };
    expect(await hashOf(files)).toEqual(before);
  });

  test("changes with the locked packages", async () => {
    const after = await hashOf({ "package-lock.json": '{ "packages": {} }' });
    expect(changedIngredients(before.ingredients, after.ingredients)).toEqual(["lockfile"]);
  });

  test("names every ingredient that differs", async () => {
    const after = await hashOf({ "package-lock.json": "[]", "training/train.ts": "" }, { files: [] });
    expect(changedIngredients(before.ingredients, after.ingredients)).toEqual(["data", "code", "lockfile"]);
    expect(changedIngredients(before.ingredients, before.ingredients)).toEqual([]);
  });
});

describe("the hash of a tree", () => {
  test("tells a moved file from an unmoved one, and one long file from two", async () => {
    await using folder = await checkout();
    const training = join(folder.path, "training");
    const before = await treeHash(training);
    await rm(join(training, "train.ts"));
    await writeFile(join(training, "trainer.ts"), "train");
    expect(await treeHash(training)).not.toBe(before);
    await rm(join(training, "trainer.ts"));
    await writeFile(join(training, "train.ts"), "train");
    expect(await treeHash(training)).toBe(before);
  });

  test("is the same outside of git", async () => {
    await using within = await checkout();
    await using without = await checkout({}, { git: false });
    expect(await treeHash(join(without.path, "training"))).toBe(await treeHash(join(within.path, "training")));
  });

  test("counts every file of a copy that a repository around it ignores", async () => {
    await using around = await checkout({ ".gitignore": "training/\n" });
    await using copy = await checkout({}, { git: false });
    expect(await treeHash(join(around.path, "training"))).toBe(await treeHash(join(copy.path, "training")));
  });
});
