import type { Gate } from "#config/schema.ts";
import type { Evaluation, Prediction } from "#training/evaluation.ts";
import { summarise, threshold } from "#training/rules.ts";
import type { Verdict } from "#training/verdict.ts";
import { champion } from "./champion.ts";
import { checkBelongTogether } from "./pairs.ts";
import { slices } from "./slices.ts";

/**
 * Decides about a candidate by what it and the champion answered on the same examples: its threshold, then the champion, then slices.
 * Throws `BadInputError` where evaluation and predictions do not belong together.
 */
export function gate(evaluation: Evaluation, predictions: readonly Prediction[], config: Gate): Verdict {
  checkBelongTogether(evaluation, predictions);
  const first = threshold(evaluation.candidate.metrics[config.metric], evaluation.rows, config);
  const about = { metric: config.metric, role: evaluation.role };
  if (first.value === null) return { ...about, kind: first.kind, reason: first.reason, rules: [first] };
  const { rule, smallestVisibleDrop } = champion(evaluation, predictions, config);
  const rules = [first, rule, ...slices(evaluation, predictions, config)];
  return {
    ...about,
    ...summarise(rules),
    rules,
    ...(smallestVisibleDrop !== undefined && { smallestVisibleDrop }),
  };
}
