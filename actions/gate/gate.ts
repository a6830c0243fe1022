import type { Gate } from "#config/schema.ts";
import type { Evaluation, Prediction } from "#training/evaluation.ts";
import type { Rule, Verdict } from "#training/verdict.ts";
import { champion } from "./champion.ts";
import { checkBelongTogether } from "./pairs.ts";
import { slices } from "./slices.ts";
import { threshold } from "./threshold.ts";

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

const mostReasons = 5;

/** One failed rule fails the gate; else one inconclusive rule leaves it open. The reason tells the rules that decided. */
function summarise(rules: readonly Rule[]): Pick<Verdict, "kind" | "reason"> {
  const kinds = ["fail", "inconclusive"] as const;
  const kind = kinds.find((kind) => rules.some((rule) => rule.kind === kind)) ?? "pass";
  const deciding = kind === "pass" ? rules.slice(0, 2) : rules.filter((rule) => rule.kind === kind);
  const told = deciding.slice(0, mostReasons).map(({ reason }) => reason);
  if (deciding.length > mostReasons) told.push(`and ${deciding.length - mostReasons} more rules`);
  return { kind, reason: told.join("; ") };
}
