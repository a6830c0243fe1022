import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** For how long a Job had to wait. */
export interface Wait {
  priority: string; // the name of its class
  seconds: number;
}

/** Waiting times by priority: a table in markdown, and a plot of the share of Jobs that waited no longer (SVG). */
export async function drawWaits(waits: readonly Wait[]): Promise<{ table: string; plot: string }> {
  const byPriority = Object.entries(Object.groupBy(waits, ({ priority }) => priority)).map(([priority, of = []]) => {
    return { priority, sorted: of.map(({ seconds }) => seconds).toSorted((a, b) => a - b) };
  });
  const rows = byPriority.map(({ priority, sorted }) => {
    const at = (share: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0);
    return `| ${priority} | ${sorted.length} | ${at(0)} | ${at(0.5)} | ${at(0.9)} | ${at(1)} |`;
  });
  const table = [
    "| priority | Jobs | shortest wait (s) | median | 90 % | longest |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
  const values = byPriority.flatMap(({ priority, sorted }) =>
    sorted.map((seconds, index) => ({ priority, seconds, share: (index + 1) / sorted.length })),
  );
  const spec: TopLevelSpec = {
    data: { values },
    mark: { type: "line", interpolate: "step-after" },
    width: 480,
    height: 260,
    title: "Share of the Jobs that waited no longer",
    encoding: {
      x: { field: "seconds", type: "quantitative", title: "seconds of waiting" },
      y: { field: "share", type: "quantitative", axis: { format: "%" }, title: null },
      color: { field: "priority", type: "nominal", title: null },
    },
  };
  const plot = await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
  return { table, plot };
}
