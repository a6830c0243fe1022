import type { TopLevelSpec } from "vega-lite";

/** Room for words that every picture shares: one font, sizes that can be read at half size, quiet lines. */
const look = {
  background: "white",
  font: "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif",
  title: {
    fontSize: 16,
    fontWeight: 600,
    anchor: "start",
    offset: 14,
    color: "#1f2937",
    subtitleColor: "#4b5563",
    subtitleFontSize: 12,
  },
  axis: {
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 500,
    titlePadding: 8,
    gridColor: "#e5e7eb",
    domainColor: "#9ca3af",
    tickColor: "#9ca3af",
    labelColor: "#374151",
    titleColor: "#374151",
  },
  legend: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 500,
    titleColor: "#374151",
    symbolStrokeWidth: 3,
    labelColor: "#374151",
  },
  view: { stroke: null },
} as const;

/** A vega-lite picture as SVG. */
export async function render(spec: TopLevelSpec): Promise<string> {
  const [{ parse, View }, { compile }] = await Promise.all([import("vega"), import("vega-lite")]); // half a second to load
  const view = new View(parse(compile(spec, { config: look }).spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
