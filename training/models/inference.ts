import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Examples } from "#training/data/dataset.ts";
import type { Role } from "#training/data/roles.ts";
import { compile } from "#training/graph/compile.ts";

/**
 * Runs `compute`, which uses the model's weights, on batches of `examples`. For texts it is compiled, once for each shape of
 * a batch: operation by operation a transformer takes longer and keeps all that it computes until its answer is there.
 */
export function createInference(
  model: LayersModel,
  { size }: Pick<Examples<Role>, "size">,
  compute: (inputs: tf.Tensor) => tf.Tensor,
) {
  const variables = model.weights.map((weight) => weight.read() as tf.Variable);
  const program = compile({ variables, ...(!size && { mode: "eager" }) });
  const inference = program.inference((inputs) => [compute(inputs)], "the prediction");
  return {
    /** The answer to rows of `shape`, as one list of numbers. */
    run: (values: Float32Array, shape: number[]): Float32Array => answerOf(inference, values, shape),
    dispose: () => program.dispose(),
  };
}

/** The one answer of a compiled inference to inputs of `shape`, as one list of numbers. */
export function answerOf(
  inference: { run(inputs: tf.Tensor[]): tf.Tensor[] },
  values: Float32Array,
  shape: number[],
): Float32Array {
  return firstAnswer(inference, [tf.tensor(values, shape)]);
}

/** The one answer of a compiled inference, as one list of numbers. The inputs are disposed. */
export function firstAnswer(inference: { run(inputs: tf.Tensor[]): tf.Tensor[] }, inputs: tf.Tensor[]): Float32Array {
  const results = inference.run(inputs);
  try {
    const [answer] = results;
    if (!answer) throw new Error("the model gave no result");
    return answer.dataSync<"float32">();
  } finally {
    tf.dispose([...inputs, ...results]);
  }
}
