import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfigs } from "#actions/doctor/config.ts";
import { checkGit } from "#actions/doctor/git.ts";
import { checkGpu } from "#actions/doctor/gpu.ts";
import { checkKustomize } from "#actions/doctor/kustomize.ts";
import { checkNode } from "#actions/doctor/node.ts";
import { configFolder, tinyWith } from "#test/config/config-folder.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { doctorConfig } from "./doctor-config.ts";

/** A PATH of one folder that holds only these programs, by name and what each prints. */
async function path(programs: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  for (const [name, output] of Object.entries(programs)) {
    const file = join(folder.path, name);
    await writeFile(file, `#!/bin/sh\necho '${output}'\n`);
    await chmod(file, 0o755);
  }
  return { variables: { PATH: folder.path }, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe("programs", () => {
  test.each([
    [checkNode, { node: "v24.12.0" }, { kind: "ok", reason: "v24.12.0" }],
    [checkNode, { node: "v18.20.0" }, { kind: "problem", reason: "v18.20.0 is too old" }],
    [checkNode, {}, { kind: "problem", reason: "there is no node on PATH" }],
    [checkGit, { git: "git version 2.50.1" }, { kind: "ok", reason: "git version 2.50.1" }],
    [checkGit, {}, { kind: "problem", remedy: expect.stringContaining("install git") }],
    [checkKustomize, { kustomize: "v5.7.1" }, { kind: "ok", reason: "kustomize: v5.7.1" }],
    [checkKustomize, { kubectl: "Client Version: v1.34.4" }, { kind: "ok" }],
    [checkKustomize, {}, { kind: "advice", remedy: expect.stringContaining("install either") }],
  ])("%o with %j", async (check, programs, expected) => {
    await using machine = await path(programs as Record<string, string>);
    expect(await check(machine.variables)).toMatchObject(expected);
  });
});

describe("a GPU", () => {
  test("that no model demands may be missing", () => {
    expect(checkGpu([doctorConfig()], "/nowhere")).toMatchObject({ kind: "ok" });
  });

  test("that a model demands is looked for by its driver, and named when missing", async () => {
    await using folder = await temporaryFolder();
    const driver = join(folder.path, "version");
    const configs = [doctorConfig({ device: "gpu" })];
    expect(checkGpu(configs, driver)).toMatchObject({
      kind: "problem",
      reason: expect.stringContaining(
        `iris demands one (device: gpu), and this machine has no NVIDIA driver (${driver})`,
      ),
      remedy: expect.stringContaining("SLIPWAY_RUNNER"),
    });
    await writeFile(driver, "NVRM version: 580\n");
    expect(checkGpu(configs, driver)).toMatchObject({ kind: "ok" });
  });
});

describe("configuration", () => {
  test("is told by model, and every problem of every file", async () => {
    await using folder = await configFolder({ "dev.yaml": "priorty: low\n", ...tinyWith("gatte: {}") });
    const place = { root: folder.path, env: "dev", set: [], variables: {} };
    const { configs, findings } = await loadConfigs(place);
    expect(configs).toEqual([]);
    expect(findings).toMatchObject([
      {
        kind: "problem",
        reason: expect.stringMatching(/priorty.*gatte|gatte.*priorty/s),
        remedy: "mend what is listed",
      },
    ]);
  });

  test("of a folder without models is a problem", async () => {
    await using folder = await temporaryFolder();
    const { findings } = await loadConfigs({ root: folder.path, env: "dev", set: [], variables: {} });
    expect(findings).toMatchObject([{ kind: "problem", reason: `${folder.path} holds no model` }]);
  });
});
