import { BadInputError } from "#config/bad-input.ts";
import type { Gate } from "#config/schema.ts";
import type { Evaluation, Prediction } from "#training/evaluation.ts";
import { amountText, lowerIsBetter, metricName, signedText } from "#training/metric-text.ts";
import type { Rule } from "#training/verdict.ts";
import { type Comparison, compare } from "./compare.ts";
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
      ...judge(comparison, named, gate),
      champion: championValue,
      difference: comparison.difference,
      ...(interval && { ...interval, confidence: gate.confidence }),
      pValue: comparison.pValue,
    },
    ...(smallestVisibleDrop !== undefined && { smallestVisibleDrop }),
  };
}

function judge({ difference, interval }: Comparison, named: string, gate: Gate): Pick<Rule, "kind" | "reason"> {
  const name = metricName(gate.metric);
  const margin = amountText(gate.metric, gate.maxDrop);
  if (!interval) {
    const measured = `difference ${signedText(gate.metric, difference)}`;
    return { kind: "inconclusive", reason: `too few examples to compare ${name} with ${named} (${measured})` };
  }
  const bounds = [interval.lower, interval.upper].map((bound) => signedText(gate.metric, bound));
  const level = Number((100 * gate.confidence).toFixed(2));
  const numbers = `difference ${signedText(gate.metric, difference)}, ${level} % interval ${bounds.join(" to ")}`;
  if (interval.lower > -gate.maxDrop) {
    return { kind: "pass", reason: `${name} is not worse than ${named} by more than ${margin} (${numbers})` };
  }
  if (interval.upper < -gate.maxDrop) {
    return { kind: "fail", reason: `${name} is worse than ${named} by more than ${margin} (${numbers})` };
  }
  return {
    kind: "inconclusive",
    reason: `too few examples to tell whether ${name} is worse than ${named} by more than ${margin} (${numbers})`,
  };
}
