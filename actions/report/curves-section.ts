import { details, join, type Markdown, md } from "#actions/io/markdown.ts";
import { metricText } from "#training/metric-text.ts";
import { chart } from "./chart.ts";
import type { ReportInput } from "./report-input.ts";

/** Loss and accuracy over the epochs, up to where training diverged if it did. */
export function curves({ candidate }: ReportInput): Markdown {
  const diverged = candidate.curves.findIndex(({ loss, validationLoss }) => !Number.isFinite(loss + validationLoss));
  const points = diverged < 0 ? candidate.curves : candidate.curves.slice(0, diverged);
  const { validation, bestEpoch } = candidate;
  const best = md`Kept: epoch **${bestEpoch}** of ${candidate.curves.length}, validation loss ${metricText("log_loss", validation.loss)}, validation accuracy ${metricText("accuracy", validation.accuracy)}.`;
  const stop = diverged < 0 ? undefined : md`Training diverged in epoch ${diverged + 1}.`;
  if (points.length < 2) return details("Learning curves", join([stop, best]));
  const epochs = points.at(-1)?.epoch ?? points.length;
  return details(
    "Learning curves",
    join([
      md`🟦 train, 🟧 validation`,
      chart({
        title: "Loss",
        unit: "nats",
        range: [0, Math.max(...points.flatMap(({ loss, validationLoss }) => [loss, validationLoss]), 0.1)],
        epochs,
        train: points.map(({ loss }) => loss),
        validation: points.map(({ validationLoss }) => validationLoss),
      }),
      chart({
        title: "Accuracy",
        unit: "per cent",
        range: [
          Math.floor(
            10 * Math.min(...points.flatMap(({ accuracy, validationAccuracy }) => [accuracy, validationAccuracy]), 0.9),
          ) * 10,
          100,
        ],
        epochs,
        train: points.map(({ accuracy }) => 100 * accuracy),
        validation: points.map(({ validationAccuracy }) => 100 * validationAccuracy),
      }),
      stop,
      best,
    ]),
  );
}
