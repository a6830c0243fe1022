import { bytesField, float, floatField, integerField, packedField, varint } from "./protobuf.ts";

/**
 * TensorFlow's graph messages, written by hand.
 * Field numbers: tensorflow/core/framework/{attr_value,graph,node_def,tensor,tensor_shape}.proto and
 * tensorflow/core/protobuf/{meta_graph,saved_model}.proto.
 */

/** An encoded `AttrValue`. */
export type Attribute = Buffer & { readonly __attribute?: never };

export const DataType = { float32: 1, int32: 3, bool: 10 } as const; // tensorflow/core/framework/types.proto

const shapeMessage = (shape: readonly number[]) => shape.map((size) => bytesField(2, integerField(1, size)));

/** Makes attribute values; lists are for the attributes that TensorFlow declares as lists. */
export const attribute = {
  text: (value: string | Uint8Array): Attribute => bytesField(2, value),
  integer: (value: number): Attribute => integerField(3, value),
  float: (value: number): Attribute => floatField(4, value),
  boolean: (value: boolean): Attribute => integerField(5, value ? 1 : 0),
  type: (value: number): Attribute => integerField(6, value),
  shape: (value: readonly number[]): Attribute => bytesField(7, ...shapeMessage(value)),
  integers: (values: readonly number[]): Attribute => bytesField(1, packedField(3, values, varint)),
  floats: (values: readonly number[]): Attribute => bytesField(1, packedField(4, values, float)),
  booleans: (values: readonly boolean[]): Attribute => bytesField(1, packedField(5, values.map(Number), varint)),
  tensor: (type: number, shape: readonly number[], bytes: Uint8Array): Attribute =>
    bytesField(8, integerField(1, type), bytesField(2, ...shapeMessage(shape)), bytesField(4, bytes)),
};

/** One operation of a graph. An input is `node`, `node:output`, or `^node` for an order without data. */
export interface NodeDef {
  name: string;
  op: string;
  inputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}

export function encodeNode({ name, op, inputs, attributes }: NodeDef): Buffer {
  return bytesField(
    1, // GraphDef.node
    bytesField(1, name),
    bytesField(2, op),
    ...inputs.map((input) => bytesField(3, input)),
    ...Object.entries(attributes).map(([key, value]) => bytesField(5, bytesField(1, key), bytesField(2, value))),
  );
}

/** `saved_model.pb` with one graph of encoded nodes under the tag `serve`: no variables, functions or signatures. */
export function encodeSavedModel(nodes: readonly Buffer[]): Buffer {
  const versions = bytesField(4, integerField(1, 1882)); // GraphDef version of the producer: none of the old upgrades apply
  const graph = bytesField(2, ...nodes, versions);
  return Buffer.concat([integerField(1, 1), bytesField(2, bytesField(1, bytesField(4, "serve")), graph)]);
}
