import { createRequire, registerHooks } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";

// Two functions that tfjs-node 4.22 calls and Node 24 no longer has; given to its files alone.
const utilOfOldNode = `
const util = process.getBuiltinModule("node:util");
module.exports = { ...util, isArray: Array.isArray, isNullOrUndefined: (value) => value == null };
`;

/**
 * Loads the binding at `path` and registers it with TensorFlow.js as the backend `tensorflow`, without selecting it.
 * The package's own entry point is passed by: it would look for the binding in its own folder and install file handlers.
 * TensorFlow reads its environment variables here, so they must be set before. A second call does nothing: a process holds
 * one TensorFlow.
 */
export function loadNative(path: string): void {
  if (tf.findBackendFactory("tensorflow")) return;
  const require = createRequire(import.meta.url);
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "util" && context.parentURL?.includes("/tfjs-node-gpu/")
        ? { url: "slipway:util", format: "commonjs", shortCircuit: true }
        : next(specifier, context),
    load: (url, context, next) =>
      url === "slipway:util" ? { format: "commonjs", source: utilOfOldNode, shortCircuit: true } : next(url, context),
  });
  try {
    require("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
    const { NodeJSKernelBackend } = require("@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js");
    const binding = openQuietly(path);
    tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(binding, "@tensorflow/tfjs-node-gpu"));
  } finally {
    hooks.deregister();
  }
}

/** Loads the binding without what TensorFlow logs meanwhile: that it found no GPU, that oneDNN is on. */
function openQuietly(path: string): unknown {
  const quiet = { exports: { mute: () => undefined, unmute: () => undefined } };
  process.dlopen(quiet, join(dirname(path), "quiet.node"));
  const binding = { exports: {} };
  quiet.exports.mute();
  try {
    process.dlopen(binding, path);
  } finally {
    quiet.exports.unmute();
  }
  return binding.exports;
}

/** The version of the TensorFlow library that is loaded. Throws when the backend can't multiply two matrices. */
export async function checkNative(): Promise<string> {
  await tf.setBackend("tensorflow");
  const sum = tf.tidy(() => tf.sum(tf.matMul(tf.ones([64, 64]), tf.ones([64, 64]))).dataSync()[0]);
  if (sum !== 64 ** 3) throw new Error(`the native backend computes ${sum} where ${64 ** 3} is right`);
  return Reflect.get(Reflect.get(tf.backend(), "binding"), "TF_Version");
}
