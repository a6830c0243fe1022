import { figure, heading, htmlPage, paragraph, table } from "#training/page.ts";
import { render } from "#training/render.ts";
import type { Drift, Finding } from "./measure.ts";

const header = ["", "PSI", "test", "statistic", "p", ""];

/** The comparison as a page. */
export async function driftReport(model: string, drift: Drift): Promise<string> {
  const findings = drift.kind === "too-few" ? [] : drift.findings;
  const drawn = findings.toSorted((one, other) => other.psi - one.psi).slice(0, 12);
  const parts = await Promise.all(
    drawn.map(async (finding) => [
      heading(finding.name),
      figure(await draw(finding), `${finding.name}: shares of the reference and of the window`),
    ]),
  );
  return htmlPage({
    title: `Drift of ${model}`,
    lead: drift.reason,
    parts: [
      ...(findings.length > 0 ? [table(header, findings.map(cells))] : []),
      paragraph(
        "PSI compares shares (under 0.1 little, over 0.25 much); p is the chance of such a difference in one distribution. Both must speak for drift.",
      ),
      ...parts.flat(),
    ],
  });
}

function cells({ name, psi, test, statistic, p, isDrifted }: Finding): string[] {
  return [name, psi.toFixed(3), test, statistic.toPrecision(3), p.toPrecision(2), isDrifted ? "drifted" : ""];
}

function draw({ labels, expected, actual }: Finding): Promise<string> {
  const values = labels.flatMap((label, at) => [
    { label, of: "reference", share: expected[at] },
    { label, of: "requests", share: actual[at] },
  ]);
  return render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 560,
    height: 160,
    data: { values },
    mark: "bar",
    encoding: {
      x: { field: "label", type: "nominal", sort: null, title: null, axis: { labelAngle: -30 } },
      xOffset: { field: "of" },
      y: { field: "share", type: "quantitative", title: "share", axis: { format: "%" } },
      color: {
        field: "of",
        type: "nominal",
        title: null,
        scale: { domain: ["reference", "requests"], range: ["#9ca3af", "#2563eb"] },
      },
    },
  });
}
