import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Examples } from "./data/dataset.ts";
import { batchShape, likeBatches } from "./data/like-batches.ts";
import type { Role } from "./data/roles.ts";
import { createInference } from "./models/inference.ts";

/** The model's probabilities for the examples at `indices`, all when absent, row by row: rows x classes. */
export async function predict(
  model: LayersModel,
  examples: Examples<Role>,
  indices: readonly number[] = Array.from({ length: examples.length }, (_, index) => index),
): Promise<Float32Array> {
  const width = model.outputs[0]?.shape.at(-1) ?? 0;
  const all = new Float32Array(indices.length * width);
  const inference = createInference(model, examples, (rows) => model.apply(rows, { training: false }) as Tensor);
  try {
    for (const places of likeBatches(examples, indices)) {
      const { inputs } = await examples.read(places.map((place) => indices[place] ?? -1));
      const answers = inference.run(inputs, batchShape(places.length, inputs, examples.inputShape)); // any width, if the layers take it
      for (const [row, place] of places.entries())
        all.set(answers.subarray(row * width, (row + 1) * width), place * width);
    }
  } finally {
    inference.dispose();
  }
  return all;
}
