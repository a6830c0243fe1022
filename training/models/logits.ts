import * as tf from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Batch, Examples } from "#training/data/dataset.ts";
import type { Role } from "#training/data/roles.ts";
import { forward } from "./forward.ts";

/** Logits of a batch, row by row: rows x classes. */
export type Predict = (batch: Batch) => Float32Array;

const rowsAtOnce = 256;

/** The batch's inputs as a tensor of the shape the model takes. */
export function inputsOf({ inputs, labels }: Batch, model: Sequential): tf.Tensor {
  return tf.tensor(inputs, [labels.length, ...model.inputs.flatMap((input) => input.shape.slice(1) as number[])]);
}

export function createPredict(model: Sequential): Predict {
  return (batch) => tf.tidy(() => forward(model, inputsOf(batch, model)).dataSync<"float32">());
}

/** Logits of every example, row by row: `examples.length` x classes. */
export async function predictLogits(predict: Predict, examples: Examples<Role>): Promise<Float32Array> {
  let all = new Float32Array();
  for (let start = 0; start < examples.length; start += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, examples.length - start);
    const logits = predict(await examples.read(Array.from({ length: rows }, (_, row) => start + row)));
    const width = logits.length / rows;
    if (start === 0) all = new Float32Array(examples.length * width);
    all.set(logits, start * width);
  }
  return all;
}
