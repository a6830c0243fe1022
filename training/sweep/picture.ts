import type { Range, Sweep, Value } from "#config/sweep.ts";
import { lowerIsBetter, metricName } from "#training/metric-text.ts";
import { render } from "#training/render.ts";
import type { SweepResult } from "./result.ts";

const columns = 3;
const side = { width: 260, height: 220 };

/** Each parameter against the metric on the validation examples as SVG: a point a trial, the winner marked. */
export async function drawSweep({ model, sweep, metric, trials, winner }: SweepResult): Promise<string> {
  const values = trials.flatMap(({ trial, settings, outcome }) =>
    outcome.kind === "trained"
      ? [{ trial, isWinner: trial === winner, reached: outcome.validation[metric], ...shownSettings(settings) }]
      : [],
  );
  const better = lowerIsBetter(metric) ? "lower" : "higher";
  const y = {
    field: "reached",
    type: "quantitative" as const,
    title: `${metricName(metric)} on validation`,
    axis: metric === "log_loss" ? {} : { format: ".1%" },
    scale: { zero: false },
  };
  const panel = ([name, space]: [string, Sweep["parameters"][string]]) => ({
    ...side,
    mark: { type: "point" as const, filled: true, opacity: 0.9 },
    encoding: {
      x: { field: fieldOf(name), title: name, ...scaleOf(space) },
      y,
      color: {
        field: "isWinner",
        type: "nominal" as const,
        scale: { domain: [true, false], range: ["#ea580c", "#2563eb"] },
        legend: null,
      },
      size: { condition: { test: "datum.isWinner", value: 160 }, value: 60 },
      tooltip: { field: "trial" },
    },
  });
  return await render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: {
      text: `${model}: sweep`,
      subtitle: `${values.length} of ${trials.length} trials trained, ${better} is better, the winner is trial ${winner}`,
    },
    data: { values },
    columns,
    spacing: 40,
    concat: Object.entries(sweep.parameters).map(panel),
  });
}

// a dot in a field's name would be a path
function fieldOf(name: string): string {
  return name.replaceAll(".", " ");
}

function shownSettings(settings: Readonly<Record<string, Value>>): Record<string, string | number> {
  const shown = Object.entries(settings).map(([name, value]) => [
    fieldOf(name),
    typeof value === "number" ? value : String(value),
  ]);
  return Object.fromEntries(shown);
}

function scaleOf(space: { values: Value[] } | Range) {
  if ("values" in space) {
    const sort = space.values.map((value) => (typeof value === "number" ? value : String(value)));
    return { type: "nominal" as const, sort, axis: { labelAngle: 0 } };
  }
  const { min, max, scale } = space;
  return {
    type: "quantitative" as const,
    scale: { type: scale, domain: [min, max], nice: false },
    axis: { tickCount: 4, grid: false },
  };
}
