import type { Gate } from "#config/schema.ts";
import { lowerIsBetter, metricName, metricText } from "#training/metric-text.ts";
import type { Rule } from "#training/verdict.ts";

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
