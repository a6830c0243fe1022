import { metricName, metricText } from "#training/metric-text.ts";
import { eventLines } from "#training/train/event-lines.ts";
import type { SweepResult, TrialOutcome } from "./result.ts";
import type { SweepEvent } from "./run.ts";
import type { Settings } from "./trials.ts";

/** What a log says of an event of a sweep. */
export function sweepLines(event: SweepEvent): string[] {
  if (event.kind === "winner") return [winnerText(event.result)];
  const { trial, of } = event;
  const name = `trial ${trial.number} of ${of}`;
  if (event.kind === "training") return eventLines(event.event).map((line) => `${name}: ${line}`);
  return [`${name} (${settingsText(trial.settings)}) ${outcomeText(event.outcome)}`];
}

/** Which trial won, with what settings, and which failed. */
export function winnerText({ trials, winner, metric }: SweepResult): string {
  const best = trials.find(({ trial }) => trial === winner);
  const value = best?.outcome.kind === "trained" ? metricText(metric, best.outcome.validation[metric]) : "";
  const failed = trials.flatMap(({ trial, outcome }) =>
    outcome.kind === "failed" ? [`; trial ${trial} ${outcomeText(outcome)}`] : [],
  );
  return `trial ${winner} of ${trials.length} won, ${metricName(metric)} ${value} on validation, with ${settingsText(best?.settings ?? {})}${failed.join("")}`;
}

/** Settings as `--set` takes them. */
export function settingsText(settings: Settings): string {
  return Object.entries(settings)
    .map(([path, value]) => `${path}=${Array.isArray(value) ? JSON.stringify(value) : value}`)
    .join(" ");
}

function outcomeText(outcome: TrialOutcome): string {
  if (outcome.kind === "failed") return `failed: ${outcome.reason}`;
  const { accuracy, log_loss } = outcome.validation;
  return `is trained: validation accuracy ${metricText("accuracy", accuracy)}, log loss ${metricText("log_loss", log_loss)}`;
}
