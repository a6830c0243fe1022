import * as tf from "@tensorflow/tfjs-core";

/**
 * The internals of @tensorflow/tfjs-node 4.22 that graph execution stands on. They are reachable from JavaScript but
 * undocumented, so they are typed here and nowhere else; sources: `binding/tfjs_backend.cc` and
 * `src/nodejs_kernel_backend.ts` of that version.
 */

export type AttributeValue = number | boolean | string | readonly number[] | readonly boolean[];

export interface OpAttribute {
  name: string;
  type: number; // one of the binding's TF_ATTR_*
  value: AttributeValue;
}

/** A tensor in the binding: its handle, shape and TensorFlow type. */
export interface Handle {
  id: number;
  shape: number[];
  dtype: number;
}

export type Values = Float32Array | Int32Array | Uint8Array;

export interface Binding {
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: readonly number[], dtype: number, values: Values): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Values;
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): Handle[];
  isUsingGpuDevice(): boolean;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(session: number): void;
  runSavedModel(session: number, inputs: number[], inputNames: string, outputNames: string): Handle[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
}

/** What the backend knows of a tensor. `values` are set until the tensor is first used; `id` is its handle after. */
export interface TensorEntry {
  shape: readonly number[];
  dtype: number;
  values: Values | null;
  id: number;
  refCount: number;
}

export type DataId = tf.DataId;

export interface NativeBackend {
  binding: Binding;
  tensorMap: {
    get(dataId: DataId): TensorEntry;
    set(dataId: DataId, entry: TensorEntry): void;
    has(dataId: DataId): boolean;
  };
  getDTypeInteger(dtype: tf.DataType): number;
  getInputTensorIds(tensors: readonly { dataId: DataId }[]): number[];
  createOutputTensor(handle: Handle): tf.Tensor;
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: readonly tf.TensorInfo[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
  readSync(dataId: DataId): Values;
  move(dataId: DataId, ...rest: unknown[]): void;
}

/** The backend in use when it is TensorFlow's native one; `undefined` on WebAssembly and plain JavaScript. */
export function nativeBackend(): NativeBackend | undefined {
  return tf.getBackend() === "tensorflow" ? (tf.backend() as unknown as NativeBackend) : undefined;
}
