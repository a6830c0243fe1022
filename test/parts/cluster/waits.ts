import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** For how long a Job had to wait. */
export interface Wait {
  team: string;
  seconds: number;
}

/** Waiting times by team: a table in markdown, and a plot of the share of Jobs that waited no longer (SVG). */
export async function drawWaits(waits: readonly Wait[]): Promise<{ table: string; plot: string }> {
  const byTeam = Object.entries(Object.groupBy(waits, ({ team }) => team)).map(([team, of = []]) => {
    return { team, sorted: of.map(({ seconds }) => seconds).toSorted((a, b) => a - b) };
  });
  const rows = byTeam.map(({ team, sorted }) => {
    const at = (share: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0);
    return `| ${team} | ${sorted.length} | ${at(0)} | ${at(0.5)} | ${at(0.9)} | ${at(1)} |`;
  });
  const table = [
    "| team | Jobs | shortest wait (s) | median | 90 % | longest |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
  const values = byTeam.flatMap(({ team, sorted }) =>
    sorted.map((seconds, index) => ({ team, seconds, share: (index + 1) / sorted.length })),
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
      color: { field: "team", type: "nominal", title: null },
    },
  };
  const plot = await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
  return { table, plot };
}
