import { BadInputError } from "#config/bad-input.ts";
import type { Answer, Evaluation, Prediction } from "#training/evaluation.ts";
import type { Discordance } from "./tango.ts";

/** Two models' answers on the same examples; classes by their index in the evaluation. */
export interface Pairs {
  classes: number;
  labels: Int32Array;
  candidate: Int32Array;
  champion: Int32Array;
  lossDifference: Float64Array; // champion's minus candidate's log loss of each example, in nats
}

/** The answers of candidate and champion, paired. Throws `BadInputError` where a prediction lacks the champion's answer or names an unknown class. */
export function pairUp(predictions: readonly Prediction[], classes: readonly string[]): Pairs {
  const positions = new Map(classes.map((name, index) => [name, index]));
  const position = (name: string, { id }: Prediction) => {
    const index = positions.get(name);
    if (index === undefined)
      throw new BadInputError(`example ${id} has class ${name}, which the evaluation does not list`);
    return index;
  };
  const rows = predictions.length;
  const pairs = {
    classes: classes.length,
    labels: new Int32Array(rows),
    candidate: new Int32Array(rows),
    champion: new Int32Array(rows),
    lossDifference: new Float64Array(rows),
  };
  for (const [row, prediction] of predictions.entries()) {
    const { candidate, champion } = prediction;
    if (!champion)
      throw new BadInputError(`example ${prediction.id} has no answer of the champion: evaluate both again`);
    const label = position(prediction.label, prediction);
    pairs.labels[row] = label;
    pairs.candidate[row] = position(candidate.prediction, prediction);
    pairs.champion[row] = position(champion.prediction, prediction);
    pairs.lossDifference[row] = logLoss(champion, label) - logLoss(candidate, label);
  }
  return pairs;
}

/** Of one example, in nats; a probability of zero counts as the smallest that a double tells from zero beside one. */
function logLoss({ probabilities }: Answer, label: number): number {
  return -Math.log(Math.max(probabilities[label] ?? Number.NaN, Number.EPSILON));
}

/** How often the answers of two models differ in being right. */
export function discordance({
  labels,
  candidate,
  champion,
}: Pick<Pairs, "labels" | "candidate" | "champion">): Discordance {
  let gained = 0;
  let lost = 0;
  for (const [row, label] of labels.entries()) {
    const right = candidate[row] === label;
    const wasRight = champion[row] === label;
    if (right && !wasRight) gained++;
    if (!right && wasRight) lost++;
  }
  return { rows: labels.length, gained, lost };
}

/** Throws `BadInputError` where the predictions are not the ones that the evaluation was made from, a cut-off file for instance. */
export function checkBelongTogether(evaluation: Evaluation, predictions: readonly Prediction[]): void {
  const problem = (what: string) =>
    new BadInputError(`evaluation.json and predictions.jsonl do not belong together: ${what}. Evaluate again`);
  if (predictions.length !== evaluation.rows) {
    throw problem(`${evaluation.rows} examples against ${predictions.length}`);
  }
  if (new Set(predictions.map(({ id }) => id)).size !== predictions.length) throw problem("an example is there twice");
  const right = predictions.filter(({ label, candidate }) => candidate.prediction === label).length;
  const stated = evaluation.candidate.metrics.accuracy;
  if (Math.abs(right / predictions.length - stated) > 1e-6) {
    throw problem(`accuracy ${stated} against ${right / predictions.length}`);
  }
}
