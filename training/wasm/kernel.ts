import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

/** What a kernel is given: tensors as memory of the WebAssembly module, and attributes by name. */
export interface Call {
  inputs: Record<string, tf.TensorInfo>;
  attrs: Record<string, unknown>;
  backend: BackendWasm;
}

/** Puts `compute` in the place of a kernel that the wasm backend lacks or gets wrong. */
export function registerWasmKernel(kernelName: string, compute: (call: Call) => tf.TensorInfo): void {
  if (tf.getKernel(kernelName, "wasm")) tf.unregisterKernel(kernelName, "wasm");
  tf.registerKernel({
    kernelName,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs, backend }) =>
      compute({ inputs: inputs as Call["inputs"], attrs: { ...attrs }, backend: backend as BackendWasm }),
  });
}

/** Runs one of the backend's own kernels. The caller disposes the result's data. */
export function callKernel(kernelName: string, { inputs, attrs, backend }: Call): tf.TensorInfo {
  const kernel = tf.getKernel(kernelName, "wasm");
  if (!kernel) throw new Error(`the wasm backend has no kernel ${kernelName}`);
  const result = kernel.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend });
  if (Array.isArray(result)) throw new Error(`${kernelName} gave several results`);
  return result;
}

/** An input by its name. */
export function input({ inputs }: Call, name: string): tf.TensorInfo {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`the kernel needs the input ${name}`);
  return tensor;
}

/** A tensor's numbers where they lie. Any later allocation may move them: ask again after one. */
export function memoryOf(backend: BackendWasm, tensor: tf.TensorInfo): Float32Array | Int32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array | Int32Array;
}
