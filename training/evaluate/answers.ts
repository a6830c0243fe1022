import type { Metrics } from "#training/evaluation.ts";
import { classificationMetrics } from "#training/metrics.ts";
import type { ModelPackage } from "#training/package/package.ts";
import { predict } from "#training/predict.ts";
import type { EvaluateOptions } from "./options.ts";

/** A model's answers to the examples, row by row. */
export interface Answers {
  readonly metrics: Metrics;
  readonly predicted: readonly string[];
  /** Of `classes` in their order; 0 for a class that the model does not know. */
  readonly probabilities: readonly (readonly number[])[];
  readonly isRight: readonly boolean[];
  readonly cpuMs: number; // a row
}

/**
 * A model's answers, recomputed from its weights, in the order of `classes`, which begin with those of the labels. Classes are
 * matched by name: an example of a class that the model does not know is answered wrongly whatever it says.
 * @throws Error when the model answers with what is not a number.
 */
export async function answersOf(
  { model, classes: known }: Pick<ModelPackage, "model" | "classes">,
  examples: EvaluateOptions["examples"],
  classes: readonly string[],
): Promise<Answers> {
  const columns = classes.map((name) => known.indexOf(name));
  const before = process.cpuUsage();
  const raw = await predict(model, examples);
  const { user, system } = process.cpuUsage(before);
  const probabilities = Array.from({ length: examples.length }, (_, row) =>
    columns.map((column) => (column < 0 ? 0 : (raw[row * known.length + column] ?? Number.NaN))),
  );
  const labels = probabilities.map((_, row) => examples.label(row));
  const predicted = probabilities.map((row) => row.indexOf(Math.max(...row)));
  return {
    metrics: classificationMetrics(labels, probabilities.flat(), classes),
    predicted: predicted.map((index) => classes[index] ?? ""),
    probabilities,
    cpuMs: (user + system) / 1000 / examples.length,
    isRight: predicted.map((index, row) => index === labels[row]),
  };
}
