import type { Gate } from "#config/schema.ts";
import { amountText, lowerIsBetter, metricName, metricText, signedText } from "./metric-text.ts";
import type { Rule, Verdict } from "./verdict.ts";

type Judgement = Pick<Rule, "kind" | "reason">;

/** How much better than the champion's something is (positive is better), in the metric's own unit. */
export interface Difference {
  difference: number;
  /** Absent where the examples are too few for any bound. */
  interval?: { lower: number; upper: number } | undefined;
}

/** Whether the candidate's metric reaches `gate.minimum`: a maximum where lower is better. */
export function threshold(value: number, rows: number, { metric, minimum }: Gate): Rule {
  const atMost = lowerIsBetter(metric);
  const rule = { name: atMost ? "maximum" : "minimum", rows, value, limit: minimum };
  const name = metricName(metric);
  if (!Number.isFinite(value)) {
    return { ...rule, kind: "fail", value: null, reason: `${name} is not a finite number: the run diverged` };
  }
  const reached = atMost ? value <= minimum : value >= minimum;
  const limit = metricText(metric, minimum);
  const rounded = metricText(metric, value);
  const shown = !reached && rounded === limit ? String(value) : rounded;
  const relation = atMost ? ["stays within", "is above"] : ["reaches", "is under"];
  return {
    ...rule,
    kind: reached ? "pass" : "fail",
    reason: `${name} ${shown} ${relation[reached ? 0 : 1]} the ${rule.name} of ${limit}`,
  };
}

/** Whether the gate's metric is not worse than that of the champion, `named` so, by more than `gate.maxDrop`. */
export function judgeDifference({ difference, interval }: Difference, named: string, gate: Gate): Judgement {
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

/** Whether a slice's accuracy is shown, by its adjusted p, to have dropped by more than `gate.slices.maxDrop`. */
export function judgeSlice(
  slice: { name: string; rows: number; difference: number; pValue: number },
  { slices: { maxDrop }, confidence }: Gate,
): Judgement {
  const { name, rows, difference, pValue } = slice;
  const margin = amountText("accuracy", maxDrop);
  const numbers = `${signedText("accuracy", difference)} points on ${rows} examples, adjusted p ${pValue.toPrecision(2)}`;
  if (pValue <= 1 - confidence) {
    return { kind: "fail", reason: `accuracy on ${name} dropped by more than ${margin} (${numbers})` };
  }
  if (difference < -maxDrop) {
    return {
      kind: "inconclusive",
      reason: `too few examples to tell whether accuracy on ${name} really dropped by more than ${margin} (${numbers})`,
    };
  }
  return {
    kind: "pass",
    reason: `accuracy on ${name} is not shown to have dropped by more than ${margin} (${numbers})`,
  };
}

const mostReasons = 5;

/** One failed rule fails the gate; else one inconclusive rule leaves it open. The reason tells the rules that decided. */
export function summarise(rules: readonly Rule[]): Pick<Verdict, "kind" | "reason"> {
  const kinds = ["fail", "inconclusive"] as const;
  const kind = kinds.find((kind) => rules.some((rule) => rule.kind === kind)) ?? "pass";
  const deciding = kind === "pass" ? rules.slice(0, 2) : rules.filter((rule) => rule.kind === kind);
  const told = deciding.slice(0, mostReasons).map(({ reason }) => reason);
  if (deciding.length > mostReasons) told.push(`and ${deciding.length - mostReasons} more rules`);
  return { kind, reason: told.join("; ") };
}
