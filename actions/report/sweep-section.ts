import { details, join, link, type Markdown, md, prose, table } from "#actions/io/markdown.ts";
import type { Metric } from "#config/metric.ts";
import type { Value } from "#config/sweep.ts";
import { lowerIsBetter, metricName, metricText } from "#training/metric-text.ts";
import type { TrialResult } from "#training/sweep/result.ts";
import { runUrl } from "./mlflow-url.ts";
import type { ReportInput } from "./report-input.ts";

const mostRows = 30;

/** The trials that the candidate was chosen from, the best first. */
export function sweep({ sweep: result }: ReportInput): Markdown | undefined {
  if (!result) return undefined;
  const { trials, winner, metric, run } = result;
  const names = Object.keys(result.sweep.parameters);
  const ranked = trials.toSorted((one, other) => rank(one, metric) - rank(other, metric));
  const shown = ranked.filter(({ trial }, index) => trial === winner || index < mostRows);
  const rows = shown.map(({ trial, settings, outcome }) => [
    trial === winner ? md`**${trial}**` : trial,
    ...names.map((name) => valueText(settings[name])),
    outcome.kind === "failed" ? md`failed: ${prose(outcome.reason)}` : metricText(metric, outcome.validation[metric]),
    outcome.kind === "failed" ? "" : outcome.bestEpoch,
  ]);
  const left = trials.length - shown.length;
  const arrow = lowerIsBetter(metric) ? "↓" : "↑";
  return details(
    `Sweep: trial ${winner} of ${trials.length}`,
    join([
      md`Trial **${winner}** is the best of ${trials.length} by ${metricName(metric)} on the **validation** examples; the test examples had no say.`,
      table(
        ["trial>", ...names.map((name) => `${name}>`), `validation ${metricName(metric)} ${arrow}>`, "best epoch>"],
        rows,
      ),
      left > 0 ? md`${left} more trials came after these.` : undefined,
      run &&
        md`${link("The sweep in MLflow", runUrl(run))} has their runs, and a picture of each parameter against the metric.`,
    ]),
  );
}

function rank({ outcome }: TrialResult, metric: Metric): number {
  if (outcome.kind === "failed") return Number.MAX_VALUE; // after all others, in their order
  return (lowerIsBetter(metric) ? 1 : -1) * outcome.validation[metric];
}

function valueText(value: Value | undefined): string {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : JSON.stringify(value ?? "");
}
