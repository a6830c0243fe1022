import { render } from "#training/render.ts";

/** How a server did at one number of connections, or with one limit on the size of a batch. */
export interface Point {
  readonly server: "Slipway" | "FastAPI + Keras, batched";
  readonly axis: "connections" | "batch size";
  readonly at: number;
  readonly perSecond: number;
  readonly p99: number; // ms
  readonly failed: number; // requests
}

const axisTitles = { connections: "connections", "batch size": "most pictures of a batch, at 50 connections" } as const;
const fieldTitles = { perSecond: "requests a second", p99: "p99 latency, ms" } as const;

/** The points as a table in Markdown. */
export function tableOf(points: readonly Point[]): string {
  const lines = points.map(
    ({ server, axis, at, perSecond, p99, failed }) =>
      `| ${server} | ${axis} | ${at} | ${perSecond.toFixed(0)} | ${p99.toFixed(1)} | ${failed} |`,
  );
  return [
    "| server | axis | at | requests a second | p99, ms | failed |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
    ...lines,
    "",
  ].join("\n");
}

/** Requests a second above and p99 below, against connections to the left and batch sizes to the right, as SVG. */
export async function pictureOf(points: readonly Point[]): Promise<string> {
  const servers = [...new Set(points.map(({ server }) => server))];
  const one = (axis: Point["axis"], field: keyof typeof fieldTitles) => {
    const values = points.filter((point) => point.axis === axis);
    const counts = [...new Set(values.map(({ at }) => at))];
    return {
      ...{ width: 380, height: 220 },
      data: { values },
      mark: { type: "line" as const, strokeWidth: 2, point: { size: 45 } },
      encoding: {
        x: {
          field: "at",
          type: "quantitative" as const,
          title: axisTitles[axis],
          scale: { type: "log" as const, base: 2, nice: false },
          axis: { values: counts, grid: false },
        },
        y: {
          field,
          type: "quantitative" as const,
          title: fieldTitles[field],
          ...(field === "p99" && { scale: { type: "log" as const } }),
        },
        color: {
          field: "server",
          type: "nominal" as const,
          scale: { domain: servers, range: ["#2563eb", "#ea580c"] },
          legend: { title: null, orient: "top" as const, labelLimit: 0, symbolStrokeWidth: 2 },
        },
        shape: { field: "server", type: "nominal" as const, scale: { domain: servers } },
      },
    };
  };
  const row = (field: keyof typeof fieldTitles) => [one("connections", field), one("batch size", field)];
  return await render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: {
      text: "A small CNN under load",
      subtitle:
        "pictures of 32 x 32 pixels as raw bytes, asked by wrk on the same machine; all axes but requests a second are logarithmic",
    },
    columns: 2,
    concat: [...row("perSecond"), ...row("p99")],
    resolve: { scale: { color: "shared", shape: "shared" } },
  });
}
