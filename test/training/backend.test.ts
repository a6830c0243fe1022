import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { startBackend } from "#training/backend.ts";
import { Device } from "#training/candidate.ts";

const sum = () => tf.tidy(() => tf.sum(tf.matMul(tf.ones([8, 8]), tf.ones([8, 8]))).dataSync()[0]);

/** Runs `code` in a process of its own whose cache is empty, so that no native backend is there. */
async function alone(code: string) {
  await using cache = await temporaryFolder();
  const source = `import { startBackend } from "#training/backend.ts"; import * as tf from "@tensorflow/tfjs-core"; ${code}`;
  const options = { cwd: join(import.meta.dirname, "../.."), env: { ...process.env, XDG_CACHE_HOME: cache.path } };
  return await promisify(execFile)(process.execPath, ["--input-type=module", "-e", source], options);
}

describe.each(["wasm", "js"] as const)("device: %s", (device) => {
  test("starts, computes, and tells why it was taken", async () => {
    const started = Device.parse(await startBackend(device, { tiny: false }));
    expect(started).toMatchObject({ backend: device, reason: `the configuration asks for device: ${device}` });
    expect(started.name).toMatch(device === "wasm" ? /^WebAssembly on / : /^JavaScript on /);
    expect(sum()).toBe(8 ** 3);
  });

  test("prints nothing and leaves errors of the program to the program", async () => {
    const code = `await startBackend("${device}", { tiny: true }); tf.ones([2]).dataSync();
      console.log(process.listenerCount("uncaughtException"), process.listenerCount("unhandledRejection"));`;
    expect(await alone(code)).toMatchObject({ stdout: "0 0\n", stderr: "" });
  });
});

test("a tiny model takes JavaScript, which is fastest for it", async () => {
  const device = await startBackend("auto", { tiny: true });
  expect(device).toMatchObject({ backend: "js", reason: "fastest for a model this small" });
});

test("without a native backend auto falls back to wasm and says what it passed over", async () => {
  const { stdout } = await alone(`console.log(JSON.stringify(await startBackend("auto", { tiny: false })));`);
  const device = Device.parse(JSON.parse(stdout));
  expect(device.backend).toBe("wasm");
  expect(device.reason).toMatch(
    /^fastest device that is here: no native TensorFlow in .*-gpu-.*; no native TensorFlow in .*-cpu-/,
  );
});

test.each(["gpu", "cpu"])("device: %s without one fails at once and names what was looked for", async (device) => {
  const code = `await startBackend("${device}", { tiny: true }).catch((error) => console.log(error.name, error.message));`;
  const { stdout } = await alone(code);
  expect(stdout).toMatch(
    new RegExp(`^${BadInputError.name} device: ${device} can't be had: no native TensorFlow in .*-${device}-`),
  );
});
