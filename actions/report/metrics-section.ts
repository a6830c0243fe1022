import { join, type Markdown, md, table } from "#actions/io/markdown.ts";
import { lowerIsBetter, metricName, metricText, signedText } from "#training/metric-text.ts";
import type { Rule } from "#training/verdict.ts";
import type { ReportInput } from "./report-input.ts";

const metrics = ["accuracy", "macro_f1", "log_loss", "calibration_error"] as const;

/** Every metric of the candidate beside the champion's, with the direction that is better; the gate's metric in bold, with its interval. */
export function metricTable({ evaluation, verdict, config }: ReportInput): Markdown | undefined {
  if (!evaluation) return undefined;
  const { candidate, champion } = evaluation;
  const rule = verdict?.rules.find(({ name }) => name === "champion");
  const rows = metrics.map((metric) => {
    const name = md`${metricName(metric)} ${lowerIsBetter(metric) ? "↓" : "↑"}`;
    const value = candidate.metrics[metric];
    const gated = metric === config.gate.metric;
    const shown = gated ? md`**${metricText(metric, value)}**` : md`${metricText(metric, value)}`;
    if (!champion) return [name, shown];
    const before = champion.metrics[metric];
    return [
      name,
      shown,
      metricText(metric, before),
      change(metric, value - before),
      gated && rule ? interval(metric, rule) : "",
    ];
  });
  const level = rule?.confidence === undefined ? "" : `${Number((100 * rule.confidence).toFixed(2))} % `;
  const titles = champion ? [`champion ${champion.version}>`, "difference>", `${level}interval>`] : [];
  return join([
    table(["metric", "candidate>", ...titles], rows),
    md`↑ higher is better, ↓ lower is better; differences of percentages are in points.`,
  ]);
}

function change(metric: string, difference: number): string {
  const text = signedText(metric, difference);
  if (text === "0") return "0";
  return `${text} ${difference < 0 === lowerIsBetter(metric) ? "better" : "worse"}`;
}

/** The rule's bounds in words: candidate minus champion, while the rule counts better as positive. */
export function interval(metric: string, { lower, upper }: Rule): string {
  if (lower === undefined || upper === undefined) return "";
  const bounds = lowerIsBetter(metric) ? [-upper, -lower] : [lower, upper];
  return bounds.map((bound) => signedText(metric, bound)).join(" to ");
}
