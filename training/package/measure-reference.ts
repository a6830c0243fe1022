import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Feature } from "#config/schema.ts";
import type { Dataset, Examples } from "#training/data/dataset.ts";
import { predict } from "#training/predict.ts";
import { tokenCount } from "#training/text/tokenizer.ts";
import type { InputStatistics, Reference } from "./reference.ts";
import { histogram, inputStatistics } from "./statistics.ts";

const mostValues = 4_000_000; // 16 MB; more examples than fit are passed over evenly

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
    inputs: await columns(train, seen, features),
    labels,
    predictions,
    confidence: histogram(confidence, [0, 1], 20),
  };
}

/** A column of a table, a channel (the last dimension) of an image, or the length of texts. */
async function columns(
  examples: Examples<"train">,
  indices: readonly number[],
  features: readonly Feature[] | undefined,
): Promise<InputStatistics[]> {
  const { inputs } = await examples.read(indices);
  if (examples.size) return [inputStatistics("tokens", tokensOf(inputs, indices.length))];
  const width = examples.inputShape.at(-1) ?? 1;
  const kind = examples.inputShape.length === 1 ? "input" : "channel";
  return Array.from({ length: width }, (_, column) => {
    const values = new Float32Array(inputs.length / width);
    for (const row of values.keys()) values[row] = inputs[row * width + column] ?? Number.NaN;
    return inputStatistics(features?.[column]?.name ?? `${kind}_${column}`, values);
  });
}

function tokensOf(inputs: Float32Array, rows: number): Float32Array {
  const width = inputs.length / rows;
  return Float32Array.from({ length: rows }, (_, row) => tokenCount(inputs.subarray(row * width, (row + 1) * width)));
}

function spread(examples: Examples<"train" | "validation">): number[] {
  const size = examples.inputShape.reduce((product, length) => product * length, 1);
  const count = Math.min(examples.length, Math.max(1, Math.floor(mostValues / size)));
  return Array.from({ length: count }, (_, index) => Math.floor((index * examples.length) / count));
}
