import { type Attribute, attribute, DataType } from "./graph-def.ts";
import type { Binding, NativeBackend, OpAttribute, Values } from "./native-backend.ts";
import { createRewriter, type Emit } from "./rewrite.ts";
import { type Abstract, inferShapes } from "./shapes.ts";
import { createWriter, type Made, type Recorded } from "./writer.ts";

export type Recorder = ReturnType<typeof createRecorder>;

/**
 * Stands in for the binding while a function runs, and writes down what the function asks it to do.
 * Tensors in here have negative handles and no data. Node names start with `scope`.
 */
export function createRecorder(
  native: NativeBackend,
  { scope, differentiates }: { scope: string; differentiates: boolean },
) {
  const real = native.binding;
  const { nodes, add, constant, written } = createWriter(scope);
  const rewritten = createRewriter(real, { differentiates });
  const tensors = new Map<number, Recorded>();
  let nextId = -2; // -1 says "no handle yet" to the backend

  const remember = (tensor: Recorded): number => {
    tensors.set(nextId, tensor);
    return nextId--;
  };

  const get = (id: number): Recorded => {
    const tensor = tensors.get(id);
    if (!tensor) throw new Error("a tensor of another trace is used");
    return tensor;
  };

  const write = ({ op, attributes: asked, inputs }: Made): string => {
    const attributes = Object.fromEntries(asked.map((given) => [given.name, encodeAttribute(real, given)]));
    // The one type that tfjs-node's kernels leave to the eager runtime to guess.
    if (op === "ExpandDims") attributes["T"] ??= attribute.type(inputs[0]?.dtype ?? DataType.float32);
    return add(op, inputs.map(written), attributes);
  };

  const emit: Emit = (made, { shape, dtype }) => ({ shape: [...shape], dtype, output: write(made), made });

  const record = (made: Made, results: readonly Abstract[]): Recorded[] => {
    const [only, ...others] = results;
    if (only && others.length === 0) return [rewritten(made, only, emit) ?? emit(made, only)];
    const name = write(made);
    return results.map((result, index) => ({ ...result, output: index === 0 ? name : `${name}:${index}` }));
  };

  const overrides: Partial<Binding> = {
    createTensor: (shape, dtype, values) => remember({ shape: [...shape], dtype, values: values.slice() }),
    deleteTensor: () => undefined,
    tensorDataSync: () => {
      throw new Error("a tensor's data is read");
    },
    executeOp: (op, ...[attributes, ids, outputs]) => {
      const inputs = ids.map(get);
      const results = inferShapes(real, { op, attributes, inputs, outputs });
      return record({ op, attributes, inputs }, results).map((tensor) => {
        return { id: remember(tensor), shape: [...tensor.shape], dtype: tensor.dtype };
      });
    },
  };

  return {
    nodes,
    /** Adds a node and gives its name. */
    add,
    /** Adds a constant and gives its node's name. */
    constant,
    /** The output of the graph that a recorded tensor is, by its negative handle. */
    output: (id: number): string => written(get(id)),
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
