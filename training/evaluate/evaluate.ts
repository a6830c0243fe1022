import { BadInputError } from "#config/bad-input.ts";
import type { Evaluation, Prediction } from "#training/evaluation.ts";
import { type Answers, answersOf } from "./answers.ts";
import { incomparable } from "./comparable.ts";
import type { EvaluateOptions } from "./options.ts";
import { sliceResults } from "./slice-results.ts";

/**
 * Lets candidate and champion answer the same examples, from their weights on the active backend, and measures both. A
 * champion that can't take the data's inputs is left out, with the reason; one that knows other classes is compared, and wrong
 * where it lacks the class.
 * @throws BadInputError when the candidate does not fit the data; Error when a model answers with what is not a number.
 */
export async function evaluate(
  options: EvaluateOptions,
): Promise<{ evaluation: Evaluation; predictions: Prediction[] }> {
  const { examples, champion } = options;
  checkCandidate(options);
  const shown = champion?.examples ?? examples;
  const reason = champion && incomparable(champion.package, { ...options, examples: shown });
  const compared = reason === undefined ? champion : undefined;
  const classes = [...new Set([...options.classes, ...(compared?.package.classes ?? [])])];
  const candidate = await answersOf(options.candidate, examples, classes);
  const opponent = compared && (await answersOf(compared.package, shown, classes));
  const identity = champion && { version: champion.version, modelDigest: champion.package.digest };
  const evaluation: Evaluation = {
    model: options.model,
    env: options.env,
    role: examples.role,
    examplesFingerprint: options.examplesFingerprint,
    rows: examples.length,
    classes,
    looks: options.looks,
    candidate: { modelDigest: options.candidate.digest, metrics: candidate.metrics, cpuMs: candidate.cpuMs },
    ...(identity && opponent && { champion: { ...identity, metrics: opponent.metrics } }),
    ...(identity && reason !== undefined && { incomparableChampion: { ...identity, reason } }),
    slices: sliceResults(examples, candidate, opponent),
  };
  const predictions = Array.from({ length: examples.length }, (_, row) => ({
    id: examples.id(row),
    label: classes[examples.label(row)] ?? "",
    slices: [...examples.slices(row)],
    candidate: answer(candidate, row),
    ...(opponent && { champion: answer(opponent, row) }),
  }));
  return { evaluation, predictions };
}

function answer({ predicted, probabilities }: Answers, row: number): Prediction["candidate"] {
  return { prediction: predicted[row] ?? "", probabilities: [...(probabilities[row] ?? [])] };
}

function checkCandidate(options: EvaluateOptions): void {
  const { candidate, classes, examples } = options;
  if (examples.length === 0) throw new BadInputError(`the data has no ${examples.role} examples to evaluate on`);
  const problem =
    candidate.classes.join("\n") === classes.join("\n")
      ? incomparable(candidate, options)
      : `it knows the classes ${candidate.classes.join(", ")}, the data has ${classes.join(", ")}`;
  if (problem)
    throw new BadInputError(
      `the candidate ${candidate.digest} does not fit the data: ${problem}; train it on this data`,
    );
}
