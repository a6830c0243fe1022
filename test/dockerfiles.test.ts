import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { readTools } from "#config/tools.ts";
import { command } from "#test/parts/command.ts";

const root = resolve(import.meta.dirname, "..");

async function hadolint(input: string | { file: string }): Promise<string> {
  const { lintersPython } = readTools(root);
  if (!lintersPython) throw new Error("no hadolint: run `npm test`, whose set-up prepares it");
  const program = join(lintersPython, "../hadolint");
  const target = typeof input === "string" ? "-" : resolve(root, input.file);
  return await command([program, "--no-color", target], typeof input === "string" ? { input } : {});
}

test.each([".devcontainer/Dockerfile", "manifests/platform/Dockerfile", "serving/Dockerfile", "training/Dockerfile"])(
  "%s: hadolint finds nothing",
  async (file) => {
    expect(await hadolint({ file })).toBe("");
  },
);

test("hadolint finds a base image that moves", async () => {
  await expect(hadolint("FROM node:latest\n")).rejects.toThrow("DL3007");
});
