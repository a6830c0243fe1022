import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { LayersModel, Sequential } from "@tensorflow/tfjs-layers";
import { type Config, TableData, Training } from "#config/schema.ts";
import { type Dataset, loadDataset } from "#training/data/dataset.ts";
import { buildModel } from "#training/models/build.ts";
import { measureScaling, type Scaling, scaled } from "#training/models/scaling.ts";
import type { TrainingData } from "#training/train/train.ts";

const names = ["sepal_length", "sepal_width", "petal_length", "petal_width"];

/** The sample itself, its rows dealt into roles by `salt`. */
export function loadIris(salt = ""): Promise<Dataset> {
  const root = resolve(import.meta.dirname, "../../training/data/samples");
  const features = names.map((name) => ({ name }));
  return loadDataset(
    TableData.parse({ format: "table", root, path: "iris.csv", features, label: "species", roles: { salt } }),
  );
}

export interface IrisTraining {
  dataset: Dataset;
  model: Sequential; // not trained yet
  scaling: Scaling;
  data: TrainingData; // scaled
  training: Training;
}

/** All that training on iris starts from. */
export async function prepareIris(
  architecture: Config["architecture"],
  { salt = "", ...knobs }: Partial<Training> & { salt?: string } = {},
): Promise<IrisTraining> {
  const dataset = await loadIris(salt);
  const training = Training.parse({ batchSize: 32, learningRate: 0.05, ...knobs });
  const shape = { inputShape: dataset.inputShape, classes: dataset.classes.length };
  const model = buildModel(architecture, shape, training);
  const scaling = await measureScaling(dataset.train);
  const data = { train: scaled(dataset.train, scaling), validation: scaled(dataset.validation, scaling) };
  return { dataset, model, scaling, data, training };
}

/** A digest of every bit of a model's weights. */
export function weightsDigest(model: LayersModel): string {
  const hash = createHash("sha256");
  for (const weight of model.getWeights()) hash.update(new Uint8Array(weight.dataSync<"float32">().slice().buffer));
  return hash.digest("hex");
}
