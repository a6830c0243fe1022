const names: Record<string, string> = {
  accuracy: "accuracy",
  macro_f1: "macro F1",
  log_loss: "log loss",
  calibration_error: "calibration error",
};

/** A metric's name as a person writes it. */
export function metricName(metric: string): string {
  return names[metric] ?? metric;
}

/** Whether a smaller value of the metric is the better one. */
export function lowerIsBetter(metric: string): boolean {
  return metric === "log_loss" || metric === "calibration_error";
}

/** A metric's value in words: `96.67 %`, or nats for `log_loss`; `not a number` where training diverged. */
export function metricText(metric: string, value: number | null): string {
  if (value === null || Number.isNaN(value)) return "not a number";
  return metric === "log_loss" ? String(rounded(value, 4)) : `${rounded(100 * value, 2)} %`;
}

/** The size of a difference between two values of a metric: `2 points`, or `0.01 nats`. */
export function amountText(metric: string, amount: number): string {
  if (metric === "log_loss") return `${rounded(amount, 4)} nats`;
  const points = rounded(100 * amount, 2);
  return `${points} ${points === 1 ? "point" : "points"}`;
}

/** A difference with its sign, without its unit (points, or nats for `log_loss`). */
export function signedText(metric: string, difference: number): string {
  const value = metric === "log_loss" ? rounded(difference, 4) : rounded(100 * difference, 2);
  return value > 0 ? `+${value}` : String(value);
}

/** Rounded, and never -0. */
function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals)) + 0;
}
