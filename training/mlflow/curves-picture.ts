import type { EpochPoint } from "#training/candidate.ts";
import { render } from "#training/render.ts";

const colors = { domain: ["train", "validation"], range: ["#2563eb", "#ea580c"] };

/** Loss and accuracy of train and validation over the epochs as SVG, the best epoch marked. */
export async function drawCurves(
  curves: readonly EpochPoint[],
  { title, bestEpoch }: { title: string; bestEpoch: number },
): Promise<string> {
  const best = curves.find(({ epoch }) => epoch === bestEpoch);
  const subtitle = best
    ? `best epoch ${bestEpoch} of ${curves.length}: validation loss ${best.validationLoss.toPrecision(4)}, accuracy ${percent(best.validationAccuracy)}`
    : `${curves.length} epochs`;
  const values = curves.flatMap(({ epoch, loss, accuracy, validationLoss, validationAccuracy }) => [
    { epoch, examples: "train", loss, accuracy },
    { epoch, examples: "validation", loss: validationLoss, accuracy: validationAccuracy },
  ]);
  const panel = (field: "loss" | "accuracy", name: string) => ({
    ...{ width: 380, height: 260 },
    layer: [
      {
        data: { values: best ? [{ epoch: bestEpoch, label: `epoch ${bestEpoch}` }] : [] },
        encoding: { x: { field: "epoch", type: "quantitative" as const } },
        layer: [
          { mark: { type: "rule" as const, color: "#6b7280", strokeDash: [4, 4] } },
          {
            mark: {
              type: "text" as const,
              align: "left" as const,
              dx: 4,
              dy: 4,
              baseline: "top" as const,
              fontSize: 11,
              color: "#6b7280",
            },
            encoding: { text: { field: "label" }, y: { value: 0 } },
          },
        ],
      },
      {
        mark: {
          type: "line" as const,
          strokeWidth: 2,
          point: curves.length <= 20,

          invalid: "break-paths-show-path-domains" as const,
        },
        encoding: {
          x: {
            field: "epoch",
            type: "quantitative" as const,
            title: "epoch",
            axis: { tickMinStep: 1, format: "d", grid: false },
            scale: { domain: [1, Math.max(2, curves.at(-1)?.epoch ?? 2)], zero: false, nice: false },
          },
          y: {
            field,
            type: "quantitative" as const,
            title: name,
            axis: field === "accuracy" ? { format: ".0%", tickMinStep: 0.01 } : {},
            scale: { zero: field === "loss" },
          },
          color: {
            field: "examples",
            type: "nominal" as const,
            scale: colors,
            legend: { title: null, orient: "top" as const, direction: "horizontal" as const },
          },
        },
      },
    ],
  });
  return await render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: title, subtitle },
    data: { values },
    spacing: 40,
    hconcat: [panel("loss", "loss (nats)"), panel("accuracy", "accuracy")],
  });
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}
