import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { Device } from "./candidate.ts";
import { nativeBackend } from "./graph/native-backend.ts";
import { cacheHome, type Flavour, findBinding, nativeFolder, nvidiaDriver } from "./native/location.ts";

type Backend = Device["backend"];

/** What the backend that runs now computes on; or what was looked for in vain. */
type Start = { name: string } | { missing: string };

export interface BackendNeeds {
  /** Whether a step takes less than a millisecond, so that calls cost more than arithmetic. */
  tiny: boolean;
  /** Builds what is missing of the native backend, and tells its steps here. Without it nothing is built. */
  setUp?: (line: string) => void;
}

const starters: Record<Backend, (needs: BackendNeeds, asked: boolean) => Promise<Start>> = {
  gpu: startGpu,
  cpu: startCpu,
  wasm: startWasm,
  js: startJs,
};

const fastestFirst: readonly Backend[] = ["gpu", "cpu", "wasm", "js"];
// The cost of a tiny model is the call of each operation: iris trains 1.5 times faster in JavaScript than on wasm.
const fastestFirstWhenTiny: readonly Backend[] = ["js"];

/**
 * Starts the backend that `device` names, or for `auto` the fastest that starts here, and makes it TensorFlow.js' own.
 * @throws BadInputError naming what was looked for, when there is no such device.
 */
export async function startBackend(device: Config["device"], needs: BackendNeeds): Promise<Device> {
  const { tiny } = needs;
  tf.enableProdMode(); // the only way to turn off tfjs' advice to install its native binding
  const passedOver: string[] = [];
  const fitting = tiny ? fastestFirstWhenTiny : fastestFirst;
  for (const backend of device === "auto" ? fitting : [device]) {
    const start = await starters[backend](needs, device === backend);
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

async function startGpu({ setUp }: BackendNeeds, asked: boolean): Promise<Start> {
  // Three gigabytes of CUDA libraries are fetched only where they can be of use.
  const worthwhile = asked || existsSync(nvidiaDriver);
  const { version, missing } = await startNative("gpu", worthwhile ? setUp : undefined);
  if (missing !== undefined) return { missing };
  if (nativeBackend()?.binding.isUsingGpuDevice()) return { name: `TensorFlow ${version} on ${graphicsCard()}` };
  return { missing: `TensorFlow ${version} finds no GPU here (driver: ${nvidiaDriver})` };
}

async function startCpu({ setUp }: BackendNeeds): Promise<Start> {
  const { version, missing } = await startNative("cpu", setUp);
  return missing === undefined ? { name: `TensorFlow ${version} on ${processor()}` } : { missing };
}

type Native = { version: string; missing?: never } | { version?: never; missing: string };

async function startNative(flavour: Flavour, setUp: BackendNeeds["setUp"]): Promise<Native> {
  const cache = cacheHome(process.env);
  try {
    const { checkNative, loadNative } = await import("./native/load.ts");
    if (tf.findBackendFactory("tensorflow")) return { version: await checkNative() }; // of either flavour
    const binding = findBinding(cache, flavour) ?? (setUp && (await setUpHere(cache, flavour, setUp)));
    if (binding === undefined) {
      const command = flavour === "gpu" ? "npm run setup:native -- --gpu" : "npm run setup:native";
      return { missing: `no native TensorFlow in ${nativeFolder(cache, flavour)} (${command} makes it)` };
    }
    process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2"; // errors only
    process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1"; // twice as fast at convolutions
    loadNative(binding);
    return { version: await checkNative() };
  } catch (error) {
    return { missing: `no native TensorFlow: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function setUpHere(cache: string, flavour: Flavour, log: (line: string) => void): Promise<string> {
  const { setUpNative, toolsOf } = await import("./native/setup.ts");
  return await setUpNative({ cache, flavour, log, ...toolsOf(process.env) });
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
  const { registerTrainingKernels } = await import("./wasm/kernels.ts");
  registerTrainingKernels();
  return { name: `WebAssembly on ${processor()}` };
}

async function startJs(): Promise<Start> {
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  return { name: `JavaScript on ${processor()}` };
}

function graphicsCard(): string {
  const folder = "/proc/driver/nvidia/gpus";
  const [card] = existsSync(folder) ? readdirSync(folder) : [];
  const text = card ? readFileSync(`${folder}/${card}/information`, "utf8") : "";
  return /Model:\s*(.+)/.exec(text)?.[1] ?? "a GPU";
}

function processor(): string {
  return cpus()[0]?.model.trim() ?? "an unknown processor";
}
