import * as tf from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Batch, Examples } from "#training/data/dataset.ts";
import { batchShape, likeBatches } from "#training/data/like-batches.ts";
import type { Role } from "#training/data/roles.ts";
import { forward } from "./forward.ts";
import { createInference } from "./inference.ts";

/** Logits of a batch, row by row: rows x classes. */
export type Predict = (batch: Batch) => Float32Array;

/** The batch's inputs as a tensor of the shape the model takes; rows of numbers may be narrower than it allows. */
export function inputsOf({ inputs, labels }: Batch, model: Sequential): tf.Tensor {
  const shape = model.inputs.flatMap((input) => input.shape.slice(1) as number[]);
  return tf.tensor(inputs, batchShape(labels.length, inputs, shape));
}

/** The model's logits of every example, by its present weights. */
export async function logitsOf(model: Sequential, examples: Examples<Role>): Promise<Float32Array> {
  const inference = createInference(model, examples, (inputs) => forward(model, inputs));
  const { inputShape } = examples;
  try {
    return await predictLogits(
      ({ inputs, labels }) => inference.run(inputs, batchShape(labels.length, inputs, inputShape)),
      examples,
    );
  } finally {
    inference.dispose();
  }
}

/** Logits of every example, row by row: `examples.length` x classes. */
export async function predictLogits(predict: Predict, examples: Examples<Role>): Promise<Float32Array> {
  let all = new Float32Array();
  const indices = Array.from({ length: examples.length }, (_, index) => index);
  for (const batch of likeBatches(examples, indices)) {
    const logits = predict(await examples.read(batch));
    const width = logits.length / batch.length;
    if (all.length === 0) all = new Float32Array(examples.length * width);
    for (const [row, index] of batch.entries()) all.set(logits.subarray(row * width, (row + 1) * width), index * width);
  }
  return all;
}
