import * as tf from "@tensorflow/tfjs-core";
import { attribute } from "./graph-def.ts";
import type { DataId, NativeBackend, TensorEntry } from "./native-backend.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import type { Abstract } from "./shapes.ts";

/** A traced function: its nodes, and the names by which a session feeds and fetches. */
export interface Trace {
  nodes: Buffer[];
  inputs: string[];
  captured: { name: string; dataId: DataId }[]; // tensors from outside, fed with each run
  outputs: string[];
}

export interface Tracing {
  name: string; // for messages
  scope: string; // starts the names of the nodes
  differentiates: boolean; // whether it computes gradients
  variables: readonly { variable: tf.Variable; handle: string }[]; // handle: name of the VarHandleOp
  inputs: readonly Abstract[];
  /** Results, and nodes that must be done before a result is given. */
  body: (inputs: tf.Tensor[], context: TraceContext) => { outputs: readonly Result[]; after: readonly string[] };
}

interface Result {
  name: string; // of the graph's output
  dtype: number;
}

export interface TraceContext {
  recorder: Recorder;
  result: (tensor: tf.Tensor) => Result;
  /** A tensor for a node's first output. */
  tensorOf: (node: string, like: { shape: number[]; dtype: tf.DataType }) => tf.Tensor;
  reads: readonly string[]; // the node that reads each variable
  assigned: () => { index: number; value: Result }[]; // variables that the function has given a new value so far
}

/**
 * Runs `body` once on tensors that have a shape and no data, and keeps what it computed as graph nodes.
 * Throws when the function reads data, draws random numbers in JavaScript, or uses a variable that isn't listed:
 * each would freeze one moment's value in the graph.
 */
export function trace(native: NativeBackend, { name, scope, differentiates, variables, inputs, body }: Tracing): Trace {
  const recorder = createRecorder(native, { scope, differentiates });
  const placeholder = ({ shape, dtype }: Abstract) =>
    recorder.add("Placeholder", [], { dtype: attribute.type(dtype), shape: attribute.shape(shape) });
  const fed = inputs.map((input) => ({ ...input, shape: [...input.shape], name: placeholder(input) }));
  const reads = variables.map(({ variable, handle }) =>
    recorder.add("ReadVariableOp", [handle], { dtype: attribute.type(native.getDTypeInteger(variable.dtype)) }),
  );
  const outside = new Map<DataId, number>(); // tensors that live outside the trace -> their stand-in
  const before = variables.map(({ variable }, index) => {
    const { shape, dtype } = variable;
    const abstract = { shape, dtype: native.getDTypeInteger(dtype) };
    outside.set(variable.dataId, recorder.handleOf(abstract, reads[index] ?? ""));
    return { variable, original: variable.clone() };
  });
  const captured: Trace["captured"] = [];
  const capture = (dataId: DataId, { shape, dtype }: TensorEntry): number => {
    const owner = Object.values(tf.engine().registeredVariables).find((variable) => variable.dataId === dataId);
    if (owner) throw new Error(`it uses the variable ${owner.name}, which is not among the program's variables`);
    const placeholderName = placeholder({ shape, dtype });
    captured.push({ name: placeholderName, dataId });
    return recorder.handleOf({ shape, dtype }, placeholderName);
  };

  const result = (tensor: tf.Tensor): Result => ({
    name: recorder.output(native.getInputTensorIds([tensor])[0] ?? 0),
    dtype: native.getDTypeInteger(tensor.dtype),
  });
  const tensorOf: TraceContext["tensorOf"] = (node, { shape, dtype }) => {
    const abstract = { shape, dtype: native.getDTypeInteger(dtype) };
    return native.createOutputTensor({ id: recorder.handleOf(abstract, node), ...abstract });
  };
  const assigned = () =>
    before.flatMap(({ variable, original }, index) =>
      variable.dataId === original.dataId ? [] : { index, value: result(variable) },
    );
  const restore = divert(native, { recorder, outside, capture });
  tf.engine().startScope(name);
  try {
    const tensors = fed.map((input) =>
      native.createOutputTensor({ id: recorder.handleOf(input, input.name), shape: input.shape, dtype: input.dtype }),
    );
    const { outputs, after } = body(tensors, { recorder, result, tensorOf, reads, assigned });
    const order = after.map((node) => `^${node}`);
    const fetched = outputs.map(
      (output) => `${recorder.add("Identity", [output.name, ...order], { T: attribute.type(output.dtype) })}:0`,
    );
    return { nodes: recorder.nodes, inputs: fed.map((input) => `${input.name}:0`), captured, outputs: fetched };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${name} can't become a graph: ${reason}`, { cause: error });
  } finally {
    tf.engine().endScope();
    restore();
    for (const { variable, original } of before) {
      if (variable.dataId !== original.dataId) variable.assign(original);
      original.dispose();
    }
  }
}

interface Diversion {
  recorder: Recorder;
  outside: Map<DataId, number>;
  capture: (dataId: DataId, entry: TensorEntry) => number;
}

/** Puts the recorder in the binding's place until the returned function is called. */
function divert(native: NativeBackend, { recorder, outside, capture }: Diversion): () => void {
  const { binding } = native;
  const { random } = Math;
  const made = new WeakSet<DataId>(); // tensors that were made of JavaScript values in the trace
  const { move, getInputTensorIds } = native;
  native.binding = recorder.binding;
  native.move = (dataId, ...rest) => {
    made.add(dataId);
    move.call(native, dataId, ...rest);
  };
  native.getInputTensorIds = (tensors) =>
    tensors.flatMap((tensor) => {
      const known = outside.get(tensor.dataId);
      if (known !== undefined) return known;
      const entry = tensor.dataId ? native.tensorMap.get(tensor.dataId) : undefined;
      if (!entry || entry.id < -1 || made.has(tensor.dataId)) return getInputTensorIds.call(native, [tensor]);
      const id = capture(tensor.dataId, entry);
      outside.set(tensor.dataId, id);
      return id;
    });
  native.readSync = (dataId) => {
    const { id, values } = native.tensorMap.get(dataId);
    const constant = made.has(dataId) ? (values ?? recorder.valuesOf(id)) : undefined;
    if (!constant) throw new Error("it reads a tensor's data; use tensor operations such as tf.where instead");
    return constant;
  };
  Math.random = () => {
    throw new Error("it draws random numbers that would never change; use uniform or dropout of graph/random.ts");
  };
  return () => {
    Math.random = random;
    native.binding = binding;
    for (const method of ["move", "getInputTensorIds", "readSync"]) Reflect.deleteProperty(native, method);
  };
}
