import { DataType } from "./graph-def.ts";
import type { Binding, OpAttribute } from "./native-backend.ts";
import type { Abstract } from "./shapes.ts";
import { inShape, type Made, type Recorded } from "./writer.ts";

/** Writes one operation as it is and gives its result, whose shape is known. */
export type Emit = (made: Made, result: Pick<Abstract, "shape" | "dtype">) => Recorded;

type Rule = (asked: Made, result: Abstract, emit: Emit) => Recorded | undefined;

/**
 * What TensorFlow.js asks for, said so that TensorFlow computes the same numbers with less work. Gives the result, or
 * `undefined` where no rule applies.
 *
 * - Reshapes and casts that change nothing are left out, and of several reshapes in a row all but one.
 * - A bias that is added, its gradient, and products of single matrices get the names by which TensorFlow fuses them with
 *   their neighbours (grappler's remapper, oneDNN).
 * - Where gradients are computed, relu then max-pooling becomes max-pooling then relu: the same numbers, since relu keeps
 *   order, and its gradient passes over a quarter of the tensor. Without gradients a convolution does its relu on the way.
 * - A bias's gradient behind a pooling is summed before it is spread.
 * - A sum of squares is one operation that writes no squares.
 */
export function createRewriter(binding: Binding, { differentiates }: { differentiates: boolean }) {
  const float: readonly OpAttribute[] = [{ name: "T", type: binding.TF_ATTR_TYPE, value: DataType.float32 }];

  const addition: Rule = ({ inputs: [a, b] }, result, emit) => {
    if (a && b && isBiasOf(b, a)) return emit({ op: "BiasAdd", attributes: float, inputs: [a, b] }, result);
    if (a && b && isBiasOf(a, b)) return emit({ op: "BiasAdd", attributes: float, inputs: [b, a] }, result);
    return undefined;
  };

  const rules: Record<string, Rule> = {
    Reshape: ({ inputs: [tensor] }, { shape }) => tensor && inShape(tensor, shape),
    Cast: ({ inputs: [tensor] }, { dtype }) => (tensor?.dtype === dtype ? tensor : undefined),
    Add: addition,
    AddV2: addition,

    Sum(asked, result, emit) {
      const squared = sumsSquares(asked);
      if (squared) {
        const half = emit({ op: "L2Loss", attributes: float, inputs: [squared] }, result);
        return emit({ op: "AddV2", attributes: float, inputs: [half, half] }, result);
      }
      if (!isBiasGradient(asked)) return undefined;
      let [values] = asked.inputs;
      while (values?.made?.op === "MaxPoolGrad") values = values.made.inputs[2]; // it moves numbers and loses none
      return values && emit({ op: "BiasAddGrad", attributes: float, inputs: [values] }, result);
    },

    BatchMatMulV2({ attributes, inputs }, { shape, dtype }, emit) {
      if (!inputs.every(isMatrix)) return undefined;
      const matrices = inputs.map((matrix) => inShape(matrix, matrix.shape.slice(-2)));
      const transposed = (name: string, from: string) => ({
        name,
        type: binding.TF_ATTR_BOOL,
        value: isSet(attributes, from),
      });
      const options = [...float, transposed("transpose_a", "adj_x"), transposed("transpose_b", "adj_y")];
      const product = emit({ op: "MatMul", attributes: options, inputs: matrices }, { shape: shape.slice(-2), dtype });
      return inShape(product, shape);
    },

    MaxPool({ op, attributes, inputs: [activated] }, result, emit) {
      const [values] = activated?.made?.op === "Relu" ? activated.made.inputs : [];
      if (!differentiates || !values) return undefined;
      const pooled = emit({ op, attributes, inputs: [values] }, result);
      return emit({ op: "Relu", attributes: float, inputs: [pooled] }, result);
    },

    ReluGrad({ op, attributes, inputs: [spread, activated] }, result, emit) {
      if (spread?.made?.op !== "MaxPoolGrad" || activated?.made?.op !== "Relu") return undefined;
      const [unpooled, rectified, slope] = spread.made.inputs;
      const pooled = rectified?.made?.inputs[0];
      const [values] = activated.made.inputs;
      if (unpooled !== activated || !values || !slope || !rectified || pooled?.made?.inputs[0] !== values)
        return undefined;
      const kept = emit({ op, attributes, inputs: [slope, rectified] }, slope);
      return emit({ ...spread.made, inputs: [values, pooled, kept] }, result);
    },
  };

  return (asked: Made, result: Abstract, emit: Emit): Recorded | undefined => rules[asked.op]?.(asked, result, emit);
}

function isMatrix({ shape, dtype }: Abstract): boolean {
  return dtype === DataType.float32 && (shape.length === 2 || (shape.length === 3 && shape[0] === 1));
}

function isBiasOf(bias: Abstract, { shape, dtype }: Abstract): boolean {
  if (dtype !== DataType.float32 || bias.shape.length !== 1) return false;
  return shape.length >= 2 && shape.length <= 5 && shape.at(-1) === bias.shape[0];
}

/** Whether it sums over all dimensions but the last. */
function isBiasGradient({ attributes, inputs: [values, axes] }: Made): boolean {
  if (!values || !axes?.values || values.dtype !== DataType.float32 || isSet(attributes, "keep_dims")) return false;
  const rank = values.shape.length;
  const summed = [...axes.values].map((axis) => (axis + rank) % rank).sort((a, b) => a - b);
  return rank >= 2 && rank <= 5 && summed.length === rank - 1 && summed.every((axis, place) => axis === place);
}

/** What it sums the squares of, if it sums all of them up to one number. */
function sumsSquares({ attributes, inputs: [values, axes] }: Made): Recorded | undefined {
  if (values?.made?.op !== "Square" || values.dtype !== DataType.float32 || isSet(attributes, "keep_dims")) return;
  return new Set(axes?.values).size === values.shape.length ? values.made.inputs[0] : undefined;
}

function isSet(attributes: readonly OpAttribute[], name: string): boolean {
  return Boolean(attributes.find((attribute) => attribute.name === name)?.value);
}
