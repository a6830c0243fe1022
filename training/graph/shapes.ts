import { DataType } from "./graph-def.ts";
import type { Binding, Handle, OpAttribute, Values } from "./native-backend.ts";

/** A tensor that exists only as a shape while a function is traced; `values` where they are known. */
export interface Abstract {
  shape: readonly number[];
  dtype: number;
  values?: Values;
}

export interface Operation {
  op: string;
  attributes: OpAttribute[];
  inputs: readonly Abstract[];
  outputs: number;
}

// The size of what these give depends on the data they are given, so a graph of fixed shapes can't hold them.
const sizedByData = /^(Where|Unique|NonMaxSuppression|ListDiff|SparseFillEmptyRows|SparseReshape|RaggedTensor)/;

const cache = new WeakMap<Binding, Map<string, Omit<Handle, "id">[]>>();

/**
 * Shapes and types of an operation's results, found by running it once on zeros (and on constants as they are).
 * Answers are kept by operation, attributes and input shapes: the same layer six times over runs once.
 */
export function inferShapes(binding: Binding, operation: Operation): Omit<Handle, "id">[] {
  const { op, attributes, inputs } = operation;
  if (sizedByData.test(op)) throw new Error(`the size of the result of ${op} depends on data`);
  const known = cache.get(binding) ?? new Map<string, Omit<Handle, "id">[]>();
  cache.set(binding, known);
  const key = JSON.stringify([op, attributes, inputs.map(describe)]);
  const cached = known.get(key);
  if (cached) return cached;
  const results = runOn(binding, operation, 0);
  const branching = inputs.some(({ dtype, values }) => !values && dtype !== DataType.float32);
  if (branching && changes(results, () => runOn(binding, operation, 1))) {
    throw new Error(`the shape of the result of ${op} depends on a tensor's values`);
  }
  known.set(key, results);
  return results;
}

function describe({ shape, dtype, values }: Abstract): unknown[] {
  return [dtype, shape, values && values.length <= 64 ? [...values] : typeof values];
}

function runOn(binding: Binding, { op, attributes, inputs, outputs }: Operation, filler: number): Omit<Handle, "id">[] {
  const made: number[] = [];
  const keep = (id: number) => {
    made.push(id);
    return id;
  };
  try {
    const ids = inputs.map(({ shape, dtype, values }) =>
      keep(values ? binding.createTensor(shape, dtype, values) : filled(binding, { shape, dtype }, filler)),
    );
    const results = binding.executeOp(op, attributes, ids, outputs);
    for (const { id } of results) keep(id);
    return results.map(({ shape, dtype }) => ({ shape, dtype }));
  } finally {
    for (const id of made) binding.deleteTensor(id);
  }
}

/** A tensor with `filler` everywhere, made in the binding. The caller deletes it. */
export function filled(binding: Binding, { shape, dtype }: Abstract, filler: number): number {
  const dimensions = binding.createTensor([shape.length], DataType.int32, Int32Array.from(shape));
  const value = binding.createTensor([], dtype, valuesOf(dtype, filler));
  const attributes = [
    { name: "T", type: binding.TF_ATTR_TYPE, value: dtype },
    { name: "index_type", type: binding.TF_ATTR_TYPE, value: DataType.int32 },
  ];
  try {
    const [result] = binding.executeOp("Fill", attributes, [dimensions, value], 1);
    if (!result) throw new Error("Fill gave no result");
    return result.id;
  } finally {
    binding.deleteTensor(dimensions);
    binding.deleteTensor(value);
  }
}

function valuesOf(dtype: number, value: number): Values {
  if (dtype === DataType.int32) return Int32Array.of(value);
  return dtype === DataType.bool ? Uint8Array.of(value) : Float32Array.of(value);
}

function changes(results: Omit<Handle, "id">[], again: () => Omit<Handle, "id">[]): boolean {
  try {
    return JSON.stringify(again()) !== JSON.stringify(results);
  } catch {
    return false; // ones need not make sense, as an index for one; the shape from zeros does
  }
}
