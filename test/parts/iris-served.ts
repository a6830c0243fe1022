import "@tensorflow/tfjs-backend-cpu";
import * as tfc from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import type { Feature } from "#config/schema.ts";
import { createInProcessEngine } from "#serving/engine/in-process.ts";
import { featuresFormat } from "#serving/formats/features.ts";
import type { Served } from "#serving/load.ts";
import type { Digest } from "#training/candidate.ts";
import type { Signature } from "#training/package/package.ts";
import type { Reference } from "#training/package/reference.ts";
import { histogram, inputStatistics } from "#training/package/statistics.ts";
import { writePackage } from "#training/package/write.ts";

export const classes = ["setosa", "versicolor", "virginica"];

export const features: Feature[] = ["sepal_length", "sepal_width", "petal_length", "petal_width"].map((name) => ({
  name,
  unit: "cm",
  minimum: 0,
  maximum: 30,
}));

/** A setosa. */
export const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };

/** A model that tells the flowers apart by their petals, by hand. */
export function irisModel(): tfl.LayersModel {
  const model = tfl.sequential({
    layers: [tfl.layers.dense({ units: 3, activation: "softmax", inputShape: [4], name: "classes" })],
  });
  const kernel = tfc.tensor2d([0.4, 0.1, -0.5, 0.9, -0.2, -0.6, -2.2, 0.6, 1.7, -1.1, -0.5, 2.4], [4, 3]);
  model.setWeights([kernel, tfc.tensor1d([5, 2.5, -7])]);
  return model;
}

const signature: Signature = {
  inputs: { dtype: "float32", shape: [-1, 4] },
  outputs: { dtype: "float32", shape: [-1, 3] },
};

const bins = { edges: [0, 2, 4, 10], counts: [2, 1, 1] };

/** Statistics of some rows, by hand. */
export const reference: Reference = {
  rows: { train: 4, validation: 4 },
  inputs: features.map(({ name }) => {
    return {
      name,
      count: 4,
      mean: 2,
      std: 1,
      min: 0,
      max: 10,
      quantiles: [{ probability: 0.5, value: 2 }],
      histogram: bins,
    };
  }),
  labels: [2, 1, 1],
  predictions: [2, 1, 1],
  confidence: { edges: [0, 0.5, 1], counts: [1, 3] },
};

/** That model, ready to answer. */
export function irisServed(): Extract<Served, { kind: "model" }> {
  const lineage = { name: "iris", version: "3", digest: `sha256:${"a".repeat(64)}`, runId: "run" };
  const format = featuresFormat(features, Object.values(flower));
  return { kind: "model", lineage, classes, signature, reference, format, engine: createInProcessEngine(irisModel()) };
}

/** Writes that model's package to `folder`, with the statistics of `rows` where they are given. */
export function writeIrisPackage(
  folder: string,
  model = irisModel(),
  rows?: readonly (readonly number[])[],
): Promise<{ digest: Digest }> {
  return writePackage(folder, {
    model,
    classes,
    info: { name: "iris", architecture: "softmax", description: "", temperature: 1, features },
    inputExample: Float32Array.from(Object.values(flower)),
    reference: rows ? referenceOf(model, rows) : reference,
  });
}

function referenceOf(model: tfl.LayersModel, rows: readonly (readonly number[])[]): Reference {
  const answers = rows.map((row) =>
    tfc.tidy(() => [...(model.predict(tfc.tensor2d([[...row]])) as tfc.Tensor).dataSync()]),
  );
  const confidences = answers.map((answer) => Math.max(...answer));
  const predictions = classes.map(
    (_, at) => answers.filter((answer, row) => answer.indexOf(confidences[row] ?? 0) === at).length,
  );
  return {
    rows: { train: rows.length, validation: rows.length },
    inputs: features.map(({ name }, at) =>
      inputStatistics(
        name,
        Float32Array.from(rows, (row) => row[at] ?? 0),
      ),
    ),
    labels: predictions,
    predictions,
    confidence: histogram(Float32Array.from(confidences), [0, 1], 20),
  };
}
