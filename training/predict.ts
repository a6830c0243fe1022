import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Examples } from "./data/dataset.ts";
import type { Role } from "./data/roles.ts";

const rowsAtOnce = 256;

/** The model's probabilities for the examples at `indices`, all when absent, row by row: rows x classes. */
export async function predict(
  model: LayersModel,
  examples: Examples<Role>,
  indices: readonly number[] = Array.from({ length: examples.length }, (_, index) => index),
): Promise<Float32Array> {
  const width = model.outputs[0]?.shape.at(-1) ?? 0;
  const all = new Float32Array(indices.length * width);
  for (let start = 0; start < indices.length; start += rowsAtOnce) {
    const batch = indices.slice(start, start + rowsAtOnce);
    const { inputs } = await examples.read(batch);
    all.set(await predictBatch(model, inputs, [batch.length, ...examples.inputShape]), start * width);
  }
  return all;
}

async function predictBatch(model: LayersModel, inputs: Float32Array, shape: number[]): Promise<Float32Array> {
  const rows = tensor(inputs, shape);
  const answer = model.predictOnBatch(rows) as Tensor;
  try {
    return await answer.data<"float32">();
  } finally {
    rows.dispose();
    answer.dispose();
  }
}
