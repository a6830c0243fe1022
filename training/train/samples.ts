import type { Dataset } from "#training/data/dataset.ts";
import type { Sample, Samples } from "#training/mlflow/samples-picture.ts";

const most = 16; // of the right ones, and of the wrong ones

/**
 * Validation images that a model got right and wrong, taken evenly from all of them so that they speak for the others;
 * `undefined` when the examples are no images in three colours. `probabilities` are row by row.
 */
export async function pickSamples(
  { inputShape, validation, classes }: Dataset,
  probabilities: Float32Array,
): Promise<Samples | undefined> {
  const [height, width, channels] = inputShape;
  if (!height || !width || channels !== 3) return undefined;
  const answers = Array.from({ length: validation.length }, (_, index) => {
    const row = probabilities.subarray(index * classes.length, (index + 1) * classes.length);
    const probability = row.reduce((top, value) => Math.max(top, value), 0);
    return { index, predicted: row.indexOf(probability), probability, label: validation.label(index) };
  });
  const sampleOf = async ({ index, predicted, probability, label }: (typeof answers)[number]): Promise<Sample> => {
    const { inputs } = await validation.read([index]);
    const pixels = Uint8Array.from(inputs, (value) => Math.round(255 * value));
    return { pixels, label: classes[label] ?? "", predicted: classes[predicted] ?? "", probability };
  };
  const right = answers.filter(({ predicted, label }) => predicted === label);
  const wrong = answers.filter(({ predicted, label }) => predicted !== label);
  return {
    width,
    height,
    right: await Promise.all(spread(right).map(sampleOf)),
    wrong: await Promise.all(spread(wrong).map(sampleOf)),
  };
}

function spread<T>(all: readonly T[]): T[] {
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}
