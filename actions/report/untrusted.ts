import type { Config } from "#config/schema.ts";
import type { Metrics } from "#training/evaluation.ts";
import { judgeDifference, judgeSlice, summarise, threshold } from "#training/rules.ts";
import type { Rule, Verdict } from "#training/verdict.ts";
import type { ReportInput } from "./report-input.ts";
import type { UntrustedNumbers } from "./untrusted-numbers.ts";

/** Our own configuration of the model: what the numbers are judged by, and what they cost. */
export type OwnConfig = Pick<Config, "env" | "model" | "gate" | "cost" | "argocd" | "data">;

type Evaluation = NonNullable<UntrustedNumbers["evaluation"]>;

/**
 * A report of numbers that untrusted code has written. Every word in it is ours: classes are counted, slices are named only
 * as our configuration names them, and rules are judged again from the numbers and our limits.
 */
export function untrustedReport(numbers: UntrustedNumbers, own: OwnConfig): ReportInput {
  const { candidate, evaluation, verdict } = numbers;
  const { env, model, gate, cost, argocd } = own;
  const { backend } = candidate.device;
  const classCounts = Object.values(candidate.data.classes).map((rows, index) => [className(index), rows]);
  return {
    config: { gate, cost, argocd },
    candidate: {
      ...candidate,
      ...{ env, model },
      device: { backend, name: backend, reason: "as that run says" },
      data: { ...candidate.data, classes: Object.fromEntries(classCounts) },
    },
    ...(evaluation && {
      evaluation: {
        ...evaluation,
        classes: evaluation.classes.map((_, index) => className(index)),
        candidate: { ...evaluation.candidate, metrics: namedMetrics(evaluation.candidate.metrics) },
        champion: evaluation.champion && {
          version: "as that run says",
          metrics: namedMetrics(evaluation.champion.metrics),
        },
        slices: evaluation.slices.map(({ name, ...slice }, index) => ({
          ...slice,
          name: sliceName(name, index, { evaluation, own }),
        })),
      },
      verdict: judge(evaluation, verdict, own),
    }),
  };
}

const className = (index: number) => `class ${index + 1}`;

function namedMetrics(metrics: Evaluation["candidate"]["metrics"]): Metrics {
  return { ...metrics, perClass: metrics.perClass.map((one, index) => ({ ...one, name: className(index) })) };
}

function sliceName(
  name: string,
  index: number,
  { evaluation, own }: { evaluation: Evaluation; own: OwnConfig },
): string {
  const ownNames = "slices" in own.data ? Object.keys(own.data.slices) : [];
  const ownName = ownNames.find((one) => one === name);
  const ofClass = evaluation.classes.findIndex((one) => name === `class=${one}`);
  return ownName ?? (ofClass < 0 ? `slice ${index + 1}` : className(ofClass));
}

function judge(evaluation: Evaluation, verdict: UntrustedNumbers["verdict"], own: OwnConfig): Verdict {
  const { gate } = own;
  const first = threshold(evaluation.candidate.metrics[gate.metric], evaluation.rows, gate);
  const rules = [first, championRule(evaluation, verdict, own), ...sliceRules(evaluation, verdict, own)];
  return {
    ...summarise(rules),
    metric: gate.metric,
    role: evaluation.role,
    rules,
    ...(verdict?.smallestVisibleDrop !== undefined && { smallestVisibleDrop: verdict.smallestVisibleDrop }),
  };
}

function championRule(evaluation: Evaluation, verdict: UntrustedNumbers["verdict"], { gate }: OwnConfig): Rule {
  const value = evaluation.candidate.metrics[gate.metric];
  const rule = { name: "champion", rows: evaluation.rows, value, limit: gate.maxDrop };
  const { difference, lower, upper, pValue } = verdict?.rules.find(({ name }) => name === "champion") ?? {};
  if (!evaluation.champion || difference === undefined) {
    return { ...rule, kind: "inconclusive", reason: "that run could not compare it with a champion" };
  }
  const bounds = lower === undefined || upper === undefined ? undefined : { lower, upper };
  return {
    ...rule,
    ...judgeDifference({ difference, interval: bounds }, "the champion", gate),
    ...{ champion: evaluation.champion.metrics[gate.metric], difference },
    ...(bounds && { ...bounds, confidence: gate.confidence }),
    ...(pValue !== undefined && { pValue }),
  };
}

function sliceRules(evaluation: Evaluation, verdict: UntrustedNumbers["verdict"], own: OwnConfig): Rule[] {
  return evaluation.slices.flatMap((slice, index) => {
    const rule = verdict?.rules.find(({ name }) => name === `slice ${slice.name}`);
    if (rule?.pValue === undefined || slice.champion === undefined) return [];
    const { pValue } = rule;
    const name = sliceName(slice.name, index, { evaluation, own });
    const difference = slice.candidate - slice.champion;
    const { rows, candidate: value, champion } = slice;
    return [
      {
        name: `slice ${name}`,
        ...judgeSlice({ name, rows, difference, pValue }, own.gate),
        ...{ rows, value, champion, difference, pValue, limit: own.gate.slices.maxDrop },
      },
    ];
  });
}
