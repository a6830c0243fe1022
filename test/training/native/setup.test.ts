import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { cacheHome, findBinding, nativeFolder } from "#training/native/location.ts";
import { setUpNative, toolsOf } from "#training/native/setup.ts";

const root = join(import.meta.dirname, "../../..");

describe("set-up of the native backend", () => {
  test("does nothing where it has been done", async () => {
    const lines: string[] = [];
    const setup = { cache: cacheHome(process.env), flavour: "cpu", log: (line: string) => lines.push(line) } as const;
    const binding = await setUpNative({ ...setup, pythons: [], compilers: [] });
    expect(binding).toBe(findBinding(setup.cache, "cpu"));
    expect(lines).toEqual([]);
  });

  test("says that it needs a Python, and what to do without one", async () => {
    await using cache = await temporaryFolder();
    const setup = { cache: cache.path, flavour: "cpu", log: () => undefined, compilers: ["g++"] } as const;
    await expect(setUpNative({ ...setup, pythons: ["no-such-python"] })).rejects.toThrow(
      "No Python with pip to download TensorFlow with (tried no-such-python)",
    );
    expect(findBinding(cache.path, "cpu")).toBeUndefined();
  });

  test("says that it needs a compiler, and leaves nothing half-made", async () => {
    await using cache = await temporaryFolder();
    const setup = { cache: cache.path, flavour: "cpu", log: () => undefined, ...toolsOf({}) } as const;
    await expect(setUpNative({ ...setup, compilers: ["no-such-compiler"] })).rejects.toThrow(
      "No C++ compiler to build the native backend with (tried no-such-compiler)",
    );
    const { stdout } = await promisify(execFile)("find", [cache.path, "-type", "f"]);
    expect(stdout).toBe("");
  });

  test("takes a build whose libraries have gone for none", async () => {
    await using cache = await temporaryFolder();
    const folder = nativeFolder(cache.path, "cpu");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "tfjs_binding.node"), "");
    expect(findBinding(cache.path, "cpu")).toBeUndefined();
  });
});

test("the native backend starts, prints nothing and leaves old functions of Node alone", async () => {
  const source = `import { startBackend } from "#training/backend.ts"; import util from "node:util";
    const { name } = await startBackend("cpu", { tiny: false });
    console.log(name.split(" on ")[0], "isNullOrUndefined" in util);`;
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", source], { cwd: root });
  expect(await run).toEqual({ stdout: "TensorFlow 2.21.0 false\n", stderr: "" });
});
