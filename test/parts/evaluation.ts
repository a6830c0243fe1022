import type { Answer, Evaluation, Metrics, Prediction } from "#training/evaluation.ts";
import { classificationMetrics } from "#training/metrics.ts";

/** Examples of one kind: their class, what both models answered, how many there are, and their slices beside `class=LABEL`. */
export interface Kind {
  label: string;
  candidate: string;
  champion?: string;
  times?: number;
  slices?: string[];
  sureness?: { candidate: number; champion: number }; // probability of the answered class, 0.9 otherwise
}

/** `sha256:` and the digit 64 times. */
export const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;

/** An evaluation and its predictions, made of examples of a few kinds. */
export function evaluated(
  kinds: readonly Kind[],
  options: { classes?: string[]; role?: "validation" | "test"; sameModel?: boolean } = {},
): { evaluation: Evaluation; predictions: Prediction[] } {
  const classes = options.classes ?? [...new Set(kinds.map(({ label }) => label))];
  const answer = (prediction: string, sureness = 0.9): Answer => ({
    prediction,
    probabilities: classes.map((name) => (name === prediction ? sureness : (1 - sureness) / (classes.length - 1))),
  });
  const predictions = kinds
    .flatMap((kind) => Array.from({ length: kind.times ?? 1 }, () => kind))
    .map(({ label, candidate, champion, slices, sureness }, index) => ({
      id: `example-${index}`,
      label,
      slices: [`class=${label}`, ...(slices ?? [])],
      candidate: answer(candidate, sureness?.candidate),
      ...(champion !== undefined && { champion: answer(champion, sureness?.champion) }),
    }));
  const hasChampion = predictions.some(({ champion }) => champion);
  const names = [...new Set(predictions.flatMap(({ slices }) => slices))];
  return {
    predictions,
    evaluation: {
      model: "iris",
      env: "dev",
      role: options.role ?? "test",
      examplesFingerprint: digestOf("e"),
      rows: predictions.length,
      classes,
      looks: 3,
      candidate: { modelDigest: digestOf("a"), metrics: metricsOf(predictions, classes, "candidate") },
      ...(hasChampion && {
        champion: {
          version: "7",
          modelDigest: digestOf(options.sameModel ? "a" : "b"),
          metrics: metricsOf(predictions, classes, "champion"),
        },
      }),
      slices: names.map((name) => {
        const members = predictions.filter(({ slices }) => slices.includes(name));
        return {
          name,
          rows: members.length,
          candidate: accuracy(members, "candidate"),
          ...(hasChampion && { champion: accuracy(members, "champion") }),
        };
      }),
    },
  };
}

type Model = "candidate" | "champion";

function accuracy(predictions: readonly Prediction[], model: Model): number {
  return predictions.filter((one) => one[model]?.prediction === one.label).length / predictions.length;
}

function metricsOf(predictions: readonly Prediction[], classes: readonly string[], model: Model): Metrics {
  const labels = predictions.map(({ label }) => classes.indexOf(label));
  const probabilities = predictions.flatMap((one) => one[model]?.probabilities ?? []);
  return classificationMetrics(labels, probabilities, classes);
}
