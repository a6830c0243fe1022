import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Feature } from "#config/schema.ts";
import type { Dataset, Examples } from "#training/data/dataset.ts";
import { isWordTable } from "#training/models/transformer/parameters.ts";
import { predict } from "#training/predict.ts";
import {
  createTextMeasure,
  fitEmbeddingSpace,
  meanEmbedding,
  type TokenTable,
  textColumns,
} from "#training/text/embedding-space.ts";
import type { Reference } from "./reference.ts";
import { histogram, inputStatistics } from "./statistics.ts";

const mostValues = 4_000_000; // 16 MB; more examples than fit are passed over evenly
const mostFitted = 2000; // texts whose embeddings a space is fitted to: more would not turn its axes

/** Measures what the model's inputs (on train) and answers (on validation) look like, to tell drift by once it serves. */
export async function measureReference(
  model: LayersModel,
  { classes, features, train, validation }: Pick<Dataset, "classes" | "features" | "train" | "validation">,
): Promise<Reference> {
  const asked = spread(validation);
  const probabilities = await predict(model, validation, asked);
  const confidence = new Float32Array(asked.length);
  const predictions = classes.map(() => 0);
  for (const row of asked.keys()) {
    const answer = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
    confidence[row] = answer.reduce((best, probability) => Math.max(best, probability), 0);
    const predicted = answer.indexOf(confidence[row] ?? 0);
    predictions[predicted] = (predictions[predicted] ?? 0) + 1;
  }
  const labels = classes.map(() => 0);
  for (let index = 0; index < train.length; index++) labels[train.label(index)] = (labels[train.label(index)] ?? 0) + 1;
  const seen = spread(train);
  return {
    rows: { train: seen.length, validation: asked.length },
    ...(await measured(train, seen, { model, features })),
    labels,
    predictions,
    confidence: histogram(confidence, [0, 1], 20),
  };
}

type Inputs = Pick<Reference, "inputs" | "embedding">;

/** A column of a table, a channel (the last dimension) of an image, or what is measured of texts. */
async function measured(
  examples: Examples<"train">,
  indices: readonly number[],
  { model, features }: { model: LayersModel; features: readonly Feature[] | undefined },
): Promise<Inputs> {
  const { inputs } = await examples.read(indices);
  if (examples.size) return measuredTexts(rowsOf(inputs, indices.length), wordTable(model));
  const width = examples.inputShape.at(-1) ?? 1;
  const kind = examples.inputShape.length === 1 ? "input" : "channel";
  return {
    inputs: Array.from({ length: width }, (_, column) => {
      const values = new Float32Array(inputs.length / width);
      for (const row of values.keys()) values[row] = inputs[row * width + column] ?? Number.NaN;
      return inputStatistics(features?.[column]?.name ?? `${kind}_${column}`, values);
    }),
  };
}

/** How many tokens texts have, and where their embeddings lie. */
function measuredTexts(rows: readonly Float32Array[], table: TokenTable): Inputs {
  const step = Math.max(1, Math.floor(rows.length / mostFitted));
  const fitted = rows.filter((_, row) => row % step === 0).map((row) => meanEmbedding(row, table));
  const embedding = fitEmbeddingSpace(fitted);
  const measure = createTextMeasure(embedding, table);
  const measures = rows.map(measure);
  const columns = textColumns(embedding).map((name, column) =>
    inputStatistics(
      name,
      Float32Array.from(measures, (values) => values[column] ?? Number.NaN),
    ),
  );
  return { inputs: columns, embedding };
}

function wordTable(model: LayersModel): TokenTable {
  const weight = model.layers[0]?.weights.find(({ originalName }) => isWordTable(originalName));
  if (!weight) throw new Error("the model of texts has no word embeddings");
  return { values: weight.read().dataSync<"float32">(), width: weight.shape[1] ?? 0 };
}

function rowsOf(inputs: Float32Array, count: number): Float32Array[] {
  const width = inputs.length / count;
  return Array.from({ length: count }, (_, row) => inputs.subarray(row * width, (row + 1) * width));
}

function spread(examples: Examples<"train" | "validation">): number[] {
  const size = examples.inputShape.reduce((product, length) => product * length, 1);
  const count = Math.min(examples.length, Math.max(1, Math.floor(mostValues / size)));
  return Array.from({ length: count }, (_, index) => Math.floor((index * examples.length) / count));
}
