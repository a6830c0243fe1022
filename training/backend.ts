import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { Device } from "./candidate.ts";
import { cacheHome, findBinding, nativeFolder } from "./native/location.ts";

type Backend = Device["backend"];

/** What the backend that runs now computes on; or what was looked for in vain. */
type Start = { name: string } | { missing: string };

const starters: Record<Backend, () => Promise<Start>> = {
  gpu: () => startNative("gpu"),
  cpu: () => startNative("cpu"),
  wasm: startWasm,
  js: startJs,
};

const fastestFirst: readonly Backend[] = ["gpu", "cpu", "wasm", "js"];
// The cost of a tiny model is the call of each operation: iris trains 1.5 times faster in JavaScript than on wasm.
const fastestFirstWhenTiny: readonly Backend[] = ["js"];

/**
 * Starts the backend that `device` names, or for `auto` the fastest that starts here, and makes it TensorFlow.js' own.
 * `tiny` tells that a step takes less than a millisecond, so that calls cost more than arithmetic.
 * @throws BadInputError naming what was looked for, when there is no such device.
 */
export async function startBackend(device: Config["device"], { tiny }: { tiny: boolean }): Promise<Device> {
  tf.enableProdMode(); // the only way to turn off tfjs' advice to install its native binding
  const passedOver: string[] = [];
  const fitting = tiny ? fastestFirstWhenTiny : fastestFirst;
  for (const backend of device === "auto" ? fitting : [device]) {
    const start = await starters[backend]();
    if ("name" in start) return { backend, name: start.name, reason: reasonFor(device, tiny, passedOver) };
    passedOver.push(start.missing);
  }
  throw new BadInputError(`device: ${device} can't be had: ${passedOver.join("; ")}`);
}

function reasonFor(device: Config["device"], tiny: boolean, passedOver: readonly string[]): string {
  if (device !== "auto") return `the configuration asks for device: ${device}`;
  if (tiny) return "fastest for a model this small";
  return passedOver.length === 0 ? "fastest device" : `fastest device that is here: ${passedOver.join("; ")}`;
}

async function startNative(flavour: "gpu" | "cpu"): Promise<Start> {
  const cache = cacheHome(process.env);
  const binding = findBinding(cache, flavour);
  if (binding === undefined) {
    const command = flavour === "gpu" ? "npm run setup:native -- --gpu" : "npm run setup:native";
    return { missing: `no native TensorFlow in ${nativeFolder(cache, flavour)} (${command} makes it)` };
  }
  try {
    const { checkNative, loadNative } = await import("./native/load.ts");
    loadNative(binding);
    const version = await checkNative();
    if (flavour === "cpu") return { name: `TensorFlow ${version} on ${processor()}` };
    const isOnGpu = Reflect.get(tf.backend(), "isUsingGpuDevice") === true;
    return isOnGpu
      ? { name: `TensorFlow ${version} on a GPU` }
      : { missing: `TensorFlow ${version} finds no GPU here` };
  } catch (error) {
    return { missing: `the native TensorFlow at ${binding} does not start: ${String(error)}` };
  }
}

async function startWasm(): Promise<Start> {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  const handlers = ["uncaughtException", "unhandledRejection"] as const;
  const before = handlers.map((event) => process.rawListeners(event));
  if (!(await tf.setBackend("wasm"))) return { missing: "WebAssembly does not start" };
  // Emscripten's own handlers would print the module's source at the program's errors.
  for (const [index, event] of handlers.entries()) {
    for (const listener of process.rawListeners(event)) {
      if (!before[index]?.includes(listener)) process.removeListener(event, listener as () => void);
    }
  }
  return { name: `WebAssembly on ${processor()}` };
}

async function startJs(): Promise<Start> {
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  return { name: `JavaScript on ${processor()}` };
}

function processor(): string {
  return cpus()[0]?.model.trim() ?? "an unknown processor";
}
