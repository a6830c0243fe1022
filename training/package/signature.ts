import type { LayersModel } from "@tensorflow/tfjs-layers";
import { Signature } from "./package.ts";

/** The shapes of a model with one input and one output. Throws where they are not `[rows, ...]` in and `[rows, classes]` out. */
export function signatureOf(model: LayersModel): Signature {
  const [inputs, outputs] = [model.inputs, model.outputs].map((symbols) => {
    const [rows, ...shape] = symbols[0]?.shape ?? [];
    return { dtype: symbols[0]?.dtype, shape: rows === null ? [-1, ...shape] : [] };
  });
  const signature = Signature.safeParse({ inputs, outputs });
  if (!signature.success || signature.data.outputs.shape.length !== 2) {
    throw new Error(
      `the model takes ${JSON.stringify(inputs)} and gives ${JSON.stringify(outputs)}; any number of rows of float32 were expected`,
    );
  }
  return signature.data;
}
