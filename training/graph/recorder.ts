import { type Attribute, attribute, DataType, encodeNode } from "./graph-def.ts";
import type { Binding, NativeBackend, OpAttribute, Values } from "./native-backend.ts";
import { type Abstract, inferShapes } from "./shapes.ts";

/** Large tensors of one value (tf.ones, tf.zeros) are written as their value and their shape. */
const smallestFill = 256;

interface Recorded extends Abstract {
  output?: string; // `node` or `node:index`; a constant has none until something uses it
}

export type Recorder = ReturnType<typeof createRecorder>;

/**
 * Stands in for the binding while a function runs, and writes down what the function asks it to do.
 * Tensors in here have negative handles and no data. Node names start with `scope`.
 */
export function createRecorder(native: NativeBackend, scope: string) {
  const real = native.binding;
  const nodes: Buffer[] = [];
  const tensors = new Map<number, Recorded>();
  let nextId = -2; // -1 says "no handle yet" to the backend

  const remember = (tensor: Recorded): number => {
    tensors.set(nextId, tensor);
    return nextId--;
  };

  const add = (op: string, inputs: readonly string[], attributes: Record<string, Attribute>): string => {
    const name = `${scope}/${nodes.length}_${op.replace(/^_/, "")}`;
    nodes.push(encodeNode({ name, op, inputs, attributes }));
    return name;
  };

  const constant = ({ shape, dtype }: Abstract, values: Values): string => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return add("Const", [], { dtype: attribute.type(dtype), value: attribute.tensor(dtype, shape, bytes) });
  };

  const writeConstant = (tensor: Abstract, values: Values): string => {
    if (values.length < smallestFill || values.some((value) => value !== values[0])) return constant(tensor, values);
    const dimensions = { shape: [tensor.shape.length], dtype: DataType.int32 };
    const inputs = [
      constant(dimensions, Int32Array.from(tensor.shape)),
      constant({ shape: [], dtype: tensor.dtype }, values.slice(0, 1)),
    ];
    const types = { T: attribute.type(tensor.dtype), index_type: attribute.type(DataType.int32) };
    return add("Fill", inputs, types);
  };

  const get = (id: number): Recorded => {
    const tensor = tensors.get(id);
    if (!tensor) throw new Error("a tensor of another trace is used");
    return tensor;
  };

  const output = (id: number): string => {
    const tensor = get(id);
    if (tensor.output === undefined) tensor.output = writeConstant(tensor, tensor.values ?? new Float32Array());
    return tensor.output;
  };

  const overrides: Partial<Binding> = {
    createTensor: (shape, dtype, values) => remember({ shape: [...shape], dtype, values: values.slice() }),
    deleteTensor: () => undefined,
    tensorDataSync: () => {
      throw new Error("a tensor's data is read");
    },
    executeOp: (op, ...[opAttributes, ids, outputs]) => {
      const inputs = ids.map(get);
      const results = inferShapes(real, { op, attributes: opAttributes, inputs, outputs });
      const attributes = Object.fromEntries(opAttributes.map((given) => [given.name, encodeAttribute(real, given)]));
      // The one type that tfjs-node's kernels leave to the eager runtime to guess.
      if (op === "ExpandDims") attributes["T"] ??= attribute.type(inputs[0]?.dtype ?? DataType.float32);
      const name = add(op, ids.map(output), attributes);
      return results.map(({ shape, dtype }, index) => ({
        id: remember({ shape, dtype, output: index === 0 ? name : `${name}:${index}` }),
        shape: [...shape],
        dtype,
      }));
    },
  };

  return {
    nodes,
    /** Adds a node and gives its name. */
    add,
    /** Adds a constant and gives its node's name. */
    constant,
    /** The output of the graph that a recorded tensor is, by its negative handle. */
    output,
    /** The values of a recorded constant. */
    valuesOf: (id: number): Values | undefined => tensors.get(id)?.values,
    /** A handle for an output of the graph that came from elsewhere. */
    handleOf: (tensor: Abstract, name: string): number => remember({ ...tensor, output: name }),
    binding: Object.create(real, Object.getOwnPropertyDescriptors(overrides)) as Binding,
  };
}

function encodeAttribute(binding: Binding, { name, type, value }: OpAttribute): Attribute {
  if (type === binding.TF_ATTR_STRING) return attribute.text(String(value));
  if (type === binding.TF_ATTR_TYPE) return attribute.type(Number(value));
  if (type === binding.TF_ATTR_SHAPE) return attribute.shape(value as readonly number[]);
  const list = Array.isArray(value) ? (value as readonly number[]) : undefined;
  if (type === binding.TF_ATTR_INT) return list ? attribute.integers(list) : attribute.integer(Number(value));
  if (type === binding.TF_ATTR_FLOAT) return list ? attribute.floats(list) : attribute.float(Number(value));
  if (type === binding.TF_ATTR_BOOL) {
    return list ? attribute.booleans(list.map(Boolean)) : attribute.boolean(Boolean(value));
  }
  throw new Error(`attribute ${name} has the unknown type ${type}`);
}
