import { render } from "#training/render.ts";

const countsFit = 20; // classes; with more, the cells are too small for numbers

/** A confusion matrix as SVG: rows are true classes, shaded by the share of the row, counts in the cells. */
export async function drawConfusion(
  confusion: readonly (readonly number[])[],
  { title, classes }: { title: string; classes: readonly string[] },
): Promise<string> {
  const cells = confusion.flatMap((row, actual) => {
    const rows = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, predicted) => ({
      ...{ actual: name(classes, actual), predicted: name(classes, predicted), count },
      share: rows === 0 ? 0 : count / rows,
    }));
  });
  const total = cells.reduce((sum, { count }) => sum + count, 0);
  const right = confusion.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  const cell = Math.max(18, Math.min(64, 560 / classes.length));
  const order = classes.map((_, index) => name(classes, index));
  return await render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: {
      text: title,
      subtitle: `${right} of ${total} right${total ? ` (${((100 * right) / total).toFixed(1)} %)` : ""}`,
    },
    data: { values: cells },
    width: { step: cell },
    height: { step: cell },
    encoding: {
      x: {
        field: "predicted",
        type: "nominal",
        sort: order,
        title: "predicted class",
        axis: { labelAngle: classes.length > 4 ? -40 : 0, ticks: false, domain: false },
      },
      y: { field: "actual", type: "nominal", sort: order, title: "true class", axis: { ticks: false, domain: false } },
    },
    layer: [
      {
        mark: { type: "rect", stroke: "white", strokeWidth: 2, cornerRadius: 3 },
        encoding: {
          color: {
            field: "share",
            type: "quantitative",
            scale: { domain: [0, 1], range: ["#f1f5f9", "#1d4ed8"] },
            legend: { title: "share of row", format: ".0%", gradientLength: 140 },
          },
        },
      },
      ...(classes.length <= countsFit
        ? [
            {
              mark: { type: "text" as const, fontSize: Math.min(15, cell / 2.5), fontWeight: 500 as const },
              encoding: {
                text: { field: "count" },
                color: { condition: { test: "datum.share > 0.5", value: "white" }, value: "#1f2937" },
              },
            },
          ]
        : []),
    ],
  });
}

function name(classes: readonly string[], index: number): string {
  return classes[index] ?? String(index);
}
