import { readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { setupFolder } from "./setup-folder.ts";

const install = ["ci", "rebuild node esbuild"];

describe("npm packages", () => {
  test("are installed once, said with the reason, and not again", async () => {
    await using project = await setupFolder();
    const first = await project.run("packages");
    expect(first).toMatchObject({ code: 0, stderr: expect.stringMatching(/^set-up: npm packages \(once for each/) });
    expect(await project.npmCalls()).toEqual(install);
    expect(await project.run("packages")).toMatchObject({ code: 0, stderr: "" });
    expect(await project.npmCalls()).toEqual(install);
  });

  test("that only tests import are linked from the cache, where every checkout finds them", async () => {
    await using project = await setupFolder();
    const first = await project.run("check");
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("set-up: npm packages of the tests (once"),
    });
    expect(await readlink(join(project.root, "test/node_modules"))).toMatch(join(project.cache, "slipway/npm/"));
    await rm(join(project.root, "test"), { recursive: true });
    expect(await project.run("check")).toMatchObject({ code: 0, stderr: "" });
    expect(await readlink(join(project.root, "test/node_modules"))).toMatch(join(project.cache, "slipway/npm/"));
    expect(await project.npmCalls()).toEqual([...install, "ci"]);
  });

  test("are installed again for another lockfile", async () => {
    await using project = await setupFolder();
    await project.run("packages");
    await project.write("package-lock.json", {
      lockfileVersion: 3,
      packages: { "node_modules/a": { version: "1.0.0" } },
    });
    await project.run("packages");
    expect(await project.npmCalls()).toEqual([...install, ...install]);
  });

  test("are installed again where an install was broken off", async () => {
    await using project = await setupFolder();
    await project.npm('mkdir -p node_modules/half; [ "$1" = ci ] && kill -9 $$');
    expect(await project.run("packages")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ended with: SIGKILL"),
    });
    await project.npm("mkdir -p node_modules");
    expect(await project.run("packages")).toMatchObject({ code: 0 });
    expect(await project.npmCalls()).toEqual(["ci", ...install]);
  });

  test("that npm install brought are kept, also without those of other platforms", async () => {
    await using project = await setupFolder();
    const a = { version: "1.0.0", integrity: "sha512-a" };
    const other = { version: "1.0.0", optional: true, os: ["plan9"] };
    await project.write("package-lock.json", {
      packages: { "": {}, "node_modules/a": a, "node_modules/other": other },
    });
    await project.write("node_modules/.package-lock.json", { packages: { "node_modules/a": a } });
    await project.run("packages");
    expect(await project.npmCalls()).toEqual(["rebuild node esbuild"]);
  });

  test.each([
    ["another version", { "node_modules/a": { version: "1.0.1", integrity: "sha512-a" } }],
    ["other bytes", { "node_modules/a": { version: "1.0.0", integrity: "sha512-b" } }],
    ["nothing", {}],
    [
      "too much",
      { "node_modules/a": { version: "1.0.0", integrity: "sha512-a" }, "node_modules/b": { version: "1.0.0" } },
    ],
  ])("are installed anew over %s", async (_, packages) => {
    await using project = await setupFolder();
    await project.write("package-lock.json", {
      packages: { "node_modules/a": { version: "1.0.0", integrity: "sha512-a" } },
    });
    await project.write("node_modules/.package-lock.json", { packages });
    await project.run("packages");
    expect(await project.npmCalls()).toEqual(install);
  });

  test("are not disturbed by the npm that runs set-up, and come from where it would take them", async () => {
    await using project = await setupFolder();
    await project.npm(
      'mkdir -p node_modules; echo "{\\"registry\\":\\"$npm_config_registry\\",\\"left\\":\\"$npm_lifecycle_event$npm_config_ignore_scripts\\"}" > seen.json',
    );
    const ended = await project.run("packages", {
      npm_lifecycle_event: "pretest",
      npm_config_ignore_scripts: "true",
      npm_config_registry: "http://mirror.example",
    });
    expect(ended.code).toBe(0);
    expect(await project.read("seen.json")).toEqual({ registry: "http://mirror.example", left: "" });
  });

  test("that can't be had are told with step, command, npm's reason and a remedy", async () => {
    await using project = await setupFolder();
    await project.npm(
      'echo "npm error code ENOTFOUND" >&2; i=0; while [ $i -lt 90 ]; do echo "usage $i" >&2; i=$((i+1)); done; exit 7',
    );
    const { code, stderr } = await project.run("test");
    expect(code).toBe(1);
    for (const part of [
      "failed: npm packages",
      "command: npm ci",
      "ended with: 7",
      "| npm error code ENOTFOUND",
      "| usage 89",
      "remedy: check the network",
    ]) {
      expect(stderr).toContain(part);
    }
    expect(stderr).not.toContain("usage 50");
  });

  test("without npm on PATH say so", async () => {
    await using project = await setupFolder();
    await rm(join(project.root, "../bin/npm"));
    expect(await project.run("packages")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("spawn npm ENOENT"),
    });
  });
});

describe("without Python", () => {
  test("run goes on and says what is missing and how to have it", async () => {
    await using project = await setupFolder();
    const { code, stderr } = await project.run("run");
    expect(code).toBe(0);
    expect(stderr).toMatch(/no Python 3.10 or newer on PATH: going on without MLflow.*apt install python3/);
  });

  test("test fails with the remedy", async () => {
    await using project = await setupFolder();
    const { code, stderr } = await project.run("test");
    expect(code).toBe(1);
    expect(stderr).toMatch(/failed: no Python 3.10 or newer on PATH\n.*remedy: install Python 3.10/);
  });

  test.each([
    ["one that is too old", 'echo "{\\"executable\\":\\"$0\\",\\"version\\":\\"3.9.2\\",\\"kind\\":\\"CPython\\"}"'],
    ["another implementation", 'echo "{\\"executable\\":\\"$0\\",\\"version\\":\\"3.11.9\\",\\"kind\\":\\"PyPy\\"}"'],
    ["Python 2", "echo 'ImportError' >&2; exit 1"],
    ["an empty shim", "echo 'version not installed' >&2; exit 127"],
  ])("%s counts as none", async (_, script) => {
    await using project = await setupFolder();
    await project.program("python3", script);
    await project.program("python", script);
    expect(await project.run("test")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no Python 3.10 or newer"),
    });
  });
});

describe("Python environments", () => {
  const found = 'echo "{\\"executable\\":\\"$0\\",\\"version\\":\\"3.11.9\\",\\"kind\\":\\"CPython\\"}"';

  test("that can't be made are told with the step and a remedy, and leave nothing half-made", async () => {
    await using project = await setupFolder();
    await project.program("python3", `case "$2" in *json*) ${found};; *) echo "No module named $2" >&2; exit 1;; esac`);
    const { code, stderr } = await project.run("run");
    expect(code).toBe(1);
    expect(stderr).toContain("failed: MLflow\n");
    expect(stderr).toContain("remedy: ");
    expect(stderr).toContain("apt install python3-venv");
    expect((await project.run("run")).code).toBe(1);
  });

  test("that are there are used without asking anything", async () => {
    await using project = await setupFolder();
    await project.program(
      "uv",
      `for last; do :; done; [ "$1" = venv ] && mkdir -p "$last/bin" && echo "#!/bin/sh" > "$last/bin/python" && /bin/chmod +x "$last/bin/python"; exit 0`,
    );
    await project.program("python3", `case "$2" in *json*) ${found};; *) exit 1;; esac`);
    expect(await project.run("run")).toMatchObject({ code: 0 });
    const tools = await project.read("node_modules/.cache/slipway/tools.json");
    expect(tools).toEqual({ mlflowPython: expect.stringContaining(join(project.cache, "slipway/python/mlflow-")) });
    await rm(join(project.root, "../bin/python3"));
    await rm(join(project.root, "../bin/uv"));
    expect(await project.run("run")).toMatchObject({ code: 0, stderr: "" });
  });
});

test("an unknown goal is refused", async () => {
  await using project = await setupFolder();
  expect(await project.run("tset")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("expected one of packages, check, run, test"),
  });
});
