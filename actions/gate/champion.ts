import { BadInputError } from "#config/bad-input.ts";
import type { Gate } from "#config/schema.ts";
import type { Evaluation, Prediction } from "#training/evaluation.ts";
import { lowerIsBetter, metricName } from "#training/metric-text.ts";
import { judgeDifference } from "#training/rules.ts";
import type { Rule } from "#training/verdict.ts";
import { compare } from "./compare.ts";
import { pairUp } from "./pairs.ts";

/** The rule about the champion, and what the examples could have told. */
export type ChampionResult = { rule: Rule; smallestVisibleDrop?: number };

/**
 * Whether the candidate is not worse than the champion by more than `gate.maxDrop`, judged by the interval of the paired difference.
 * Throws `BadInputError` where the predictions give another difference than the evaluation states.
 */
export function champion(evaluation: Evaluation, predictions: readonly Prediction[], gate: Gate): ChampionResult {
  const { candidate, champion, incomparableChampion } = evaluation;
  const value = candidate.metrics[gate.metric];
  const rule = { name: "champion", rows: evaluation.rows, value, limit: gate.maxDrop };
  if (incomparableChampion) {
    const reason = `champion ${incomparableChampion.version} can't be compared: ${incomparableChampion.reason}`;
    return { rule: { ...rule, kind: "inconclusive", reason } };
  }
  if (!champion) return { rule: { ...rule, kind: "pass", reason: "there is no champion yet" } };
  const named = `champion ${champion.version}`;
  if (champion.modelDigest === candidate.modelDigest) {
    return { rule: { ...rule, kind: "pass", reason: `the same model as ${named}` } };
  }
  const championValue = champion.metrics[gate.metric];
  if (!Number.isFinite(championValue)) {
    const reason = `${metricName(gate.metric)} of ${named} is not a finite number, so nothing can be compared with it`;
    return { rule: { ...rule, kind: "inconclusive", reason } };
  }
  const comparison = compare(pairUp(predictions, evaluation.classes), gate.metric, gate.confidence);
  const { interval, smallestVisibleDrop } = comparison;
  const stated = lowerIsBetter(gate.metric) ? championValue - value : value - championValue;
  if (Math.abs(comparison.difference - stated) > 1e-6) {
    throw new BadInputError(
      `evaluation.json and predictions.jsonl do not belong together: ${gate.metric} differs by ${stated} against ${comparison.difference}. Evaluate again`,
    );
  }
  return {
    rule: {
      ...rule,
      ...judgeDifference(comparison, named, gate),
      champion: championValue,
      difference: comparison.difference,
      ...(interval && { ...interval, confidence: gate.confidence }),
      pValue: comparison.pValue,
    },
    ...(smallestVisibleDrop !== undefined && { smallestVisibleDrop }),
  };
}
