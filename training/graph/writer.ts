import { type Attribute, attribute, DataType, encodeNode } from "./graph-def.ts";
import type { OpAttribute, Values } from "./native-backend.ts";
import type { Abstract } from "./shapes.ts";

/** A tensor of the graph that is being written. */
export interface Recorded extends Abstract {
  output?: string; // `node` or `node:index`; a constant or a reshaped tensor has none until something uses it
  origin?: Recorded; // the same numbers in the shape they were computed in
  made?: Made; // how it came to be, where one operation with one result made it
}

export interface Made {
  op: string;
  attributes: readonly OpAttribute[];
  inputs: readonly Recorded[];
}

/** Large tensors of one value (tf.ones, tf.zeros) are written as their value and their shape. */
const smallestFill = 256;

/** Collects the nodes of a graph; their names start with `scope`. */
export function createWriter(scope: string) {
  const nodes: Buffer[] = [];

  /** Adds a node and gives its name. */
  const add = (op: string, inputs: readonly string[], attributes: Record<string, Attribute>): string => {
    const name = `${scope}/${nodes.length}_${op.replace(/^_/, "")}`;
    nodes.push(encodeNode({ name, op, inputs, attributes }));
    return name;
  };

  /** Adds a constant and gives its node's name. */
  const constant = ({ shape, dtype }: Abstract, values: Values): string => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return add("Const", [], { dtype: attribute.type(dtype), value: attribute.tensor(dtype, shape, bytes) });
  };

  const sizes = (shape: readonly number[]): string =>
    constant({ shape: [shape.length], dtype: DataType.int32 }, Int32Array.from(shape));

  const writeConstant = (tensor: Abstract, values: Values): string => {
    if (values.length < smallestFill || values.some((value) => value !== values[0])) return constant(tensor, values);
    const inputs = [sizes(tensor.shape), constant({ shape: [], dtype: tensor.dtype }, values.slice(0, 1))];
    const types = { T: attribute.type(tensor.dtype), index_type: attribute.type(DataType.int32) };
    return add("Fill", inputs, types);
  };

  /** The output of the graph that a tensor is; writes what is still missing of it. */
  const written = (tensor: Recorded): string => {
    tensor.output ??= tensor.origin
      ? add("Reshape", [written(tensor.origin), sizes(tensor.shape)], {
          T: attribute.type(tensor.dtype),
          Tshape: attribute.type(DataType.int32),
        })
      : writeConstant(tensor, tensor.values ?? new Float32Array());
    return tensor.output;
  };

  return { nodes, add, constant, written };
}

/** The same numbers in another shape, from where they were computed: of several reshapes in a row at most one is written. */
export function inShape(tensor: Recorded, shape: readonly number[]): Recorded {
  const { dtype, values } = tensor;
  const origin = tensor.origin ?? tensor;
  if (String(origin.shape) === String(shape)) return origin;
  return values ? { shape: [...shape], dtype, values } : { shape: [...shape], dtype, origin };
}
