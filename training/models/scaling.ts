import * as tf from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Examples } from "#training/data/dataset.ts";
import type { Role } from "#training/data/roles.ts";

const rowsAtOnce = 4096;

/** Mean and standard deviation (of the population) of each input, in its own unit. */
export interface Scaling {
  mean: readonly number[];
  deviation: readonly number[]; // 1 where every row has the same value
}

/** Measures the inputs of train, and of nothing else: scaling by validation or test would leak them into the weights. */
export async function measureScaling(train: Examples<"train">): Promise<Scaling> {
  const mean = (await sums(train, (value) => value)).map((sum) => sum / train.length);
  const squares = await sums(train, (value, column) => (value - (mean[column] ?? 0)) ** 2);
  return { mean, deviation: squares.map((sum) => Math.sqrt(sum / train.length) || 1) };
}

async function sums(train: Examples<"train">, term: (value: number, column: number) => number): Promise<number[]> {
  const width = train.inputShape.reduce((product, size) => product * size, 1);
  const totals = new Float64Array(width);
  for (let start = 0; start < train.length; start += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, train.length - start);
    const { inputs } = await train.read(Array.from({ length: rows }, (_, row) => start + row));
    for (const [index, value] of inputs.entries()) {
      const column = index % width;
      totals[column] = (totals[column] ?? 0) + term(value, column);
    }
  }
  return [...totals];
}

/** The same examples with inputs of mean 0 and deviation 1 (on train). */
export function scaled<R extends Role>(examples: Examples<R>, { mean, deviation }: Scaling): Examples<R> {
  return {
    ...examples,
    async read(indices) {
      const { inputs, labels } = await examples.read(indices);
      const standard = (value: number, index: number) => {
        const column = index % mean.length;
        return (value - (mean[column] ?? 0)) / (deviation[column] ?? 1);
      };
      return { inputs: inputs.map(standard), labels };
    },
  };
}

/**
 * Makes a model that was trained on scaled inputs take raw ones, by changing its first layer's weights: w / deviation, and
 * b - w * mean / deviation.
 * @throws Error when the first layer with weights is not dense.
 */
export function foldScaling(model: Sequential, { mean, deviation }: Scaling): void {
  const layer = model.layers.find((candidate) => candidate.weights.length > 0);
  const [kernel, bias] = layer?.getWeights() ?? [];
  if (layer?.getClassName() !== "Dense" || kernel === undefined || bias === undefined) {
    throw new Error("scaling can only be folded into a model that begins with a dense layer with a bias");
  }
  tf.tidy(() => {
    const weights = tf.div(kernel, tf.tensor2d([...deviation], [deviation.length, 1]));
    layer.setWeights([weights, tf.sub(bias, tf.dot(tf.tensor1d([...mean]), weights))]);
  });
}
