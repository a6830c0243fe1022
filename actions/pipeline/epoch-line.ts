import { metricText } from "#training/metric-text.ts";
import type { EpochProgress } from "#training/train/make-candidate.ts";

/** One line about the epoch that has just ended, with the time that the rest can take at most. */
export function epochLine({ epochs, event }: EpochProgress): string {
  const { epoch, validationLoss, validationAccuracy, seconds } = event.point;
  const left = Math.ceil((epochs - epoch) * seconds);
  const reached = `validation accuracy ${metricText("accuracy", validationAccuracy)}, loss ${validationLoss.toFixed(3)}`;
  return `epoch ${epoch}/${epochs}: ${reached}, best epoch ${event.bestEpoch}, at most ${left} s left`;
}
