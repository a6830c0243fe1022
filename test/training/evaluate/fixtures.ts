import { tensor } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import type { Feature } from "#config/schema.ts";
import type { Examples } from "#training/data/dataset.ts";
import { sha256 } from "#training/package/digests.ts";
import type { ModelPackage } from "#training/package/package.ts";

/** Examples of the given inputs and labels; row `i` is called `row-i`. */
export function examplesOf(
  inputs: number[][],
  labels: number[],
  slices = (_row: number): string[] => [],
): Examples<"test"> {
  return {
    role: "test",
    length: inputs.length,
    inputShape: [inputs[0]?.length ?? 0],
    id: (row) => `row-${row}`,
    label: (row) => labels[row] ?? -1,
    slices,
    read: async (indices) => ({
      inputs: Float32Array.from(indices.flatMap((row) => inputs[row] ?? [])),
      labels: Int32Array.from(indices.map((row) => labels[row] ?? -1)),
    }),
  };
}

/** A model that answers with the softmax of its inputs: input `i` is the logit of class `i`. */
export function echo(
  classes: string[],
  { features, name = "echo" }: { features?: Feature[]; name?: string } = {},
): ModelPackage {
  const width = classes.length;
  const model = sequential({
    layers: [layers.dense({ units: width, inputShape: [width], useBias: false, activation: "softmax" })],
  });
  const identity = Array.from({ length: width }, (_, row) =>
    Array.from({ length: width }, (_, column) => Number(row === column)),
  );
  model.setWeights([tensor(identity)]);
  const statistics = { name: "input_0", count: 1, mean: 0, std: 0, min: 0, max: 0, quantiles: [] };
  return {
    digest: sha256(name),
    info: { name, architecture: "echo", description: "", temperature: 1 },
    classes,
    ...(features && { features }),
    signature: { inputs: { dtype: "float32", shape: [-1, width] }, outputs: { dtype: "float32", shape: [-1, width] } },
    temperature: 1,
    model,
    inputExample: [Array.from({ length: width }, () => 0)],
    reference: {
      rows: { train: 1, validation: 1 },
      inputs: [{ ...statistics, histogram: { edges: [-0.5, 0.5], counts: [1] } }],
      labels: classes.map(() => 0),
      predictions: classes.map(() => 0),
      confidence: { edges: [0, 1], counts: [1] },
    },
  };
}
