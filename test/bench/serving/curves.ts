import { join } from "node:path";
import { render } from "#training/render.ts";
import { measureLoad } from "./load.ts";
import { startPeer } from "./start.ts";
import { prepare } from "./tasks.ts";

interface Point {
  readonly server: "Slipway" | "FastAPI + Keras, batched";
  readonly axis: "connections" | "batch size";
  readonly at: number;
  readonly perSecond: number;
  readonly p99: number; // ms
}

const connectionCounts = [1, 5, 20, 50, 100, 200, 500];
const batchSizes = [1, 2, 4, 8, 16, 32, 64];

/** Speed of the CNN against connections, beside FastAPI's, and against the most rows of a batch at 50 connections. */
export async function measureCurves(folder: string, seconds: number): Promise<{ table: string; picture: string }> {
  const contestants = await prepare.cnn(folder);
  const points: Point[] = [];
  const names = { Slipway: "ours", "FastAPI + Keras, batched": "FastAPI + Keras, batched" } as const;
  for (const [server, name] of Object.entries(names) as [Point["server"], string][]) {
    const contestant = contestants[name];
    if (!contestant) throw new Error(`there is no ${name}`);
    await using running = await contestant.start();
    await measureLoad(running, { ...contestant.asked, connections: 50, seconds: 1 });
    for (const connections of connectionCounts) {
      const load = { connections, seconds, warmSeconds: 1 };
      const { perSecond, p99 } = await measureLoad(running, { ...contestant.asked, ...load });
      points.push({ server, axis: "connections", at: connections, perSecond, p99 });
    }
  }
  const asked = contestants["ours"]?.asked;
  if (!asked) throw new Error("nothing is asked of ours");
  for (const rows of batchSizes) {
    await using running = await startPeer("ours.ts", { asked, after: [join(folder, "cnn"), String(rows)] });
    const { perSecond, p99 } = await measureLoad(running, { ...asked, connections: 50, seconds });
    points.push({ server: "Slipway", axis: "batch size", at: rows, perSecond, p99 });
  }
  return { table: tableOf(points), picture: await pictureOf(points) };
}

function tableOf(points: readonly Point[]): string {
  const lines = points.map(
    ({ server, axis, at, perSecond, p99 }) =>
      `| ${server} | ${axis} | ${at} | ${perSecond.toFixed(0)} | ${p99.toFixed(1)} |`,
  );
  return [
    "| server | axis | at | requests a second | p99, ms |",
    "| --- | --- | ---: | ---: | ---: |",
    ...lines,
    "",
  ].join("\n");
}

async function pictureOf(points: readonly Point[]): Promise<string> {
  const one = (axis: Point["axis"], field: "perSecond" | "p99", title: string) => ({
    ...{ width: 380, height: 220 },
    data: { values: points.filter((point) => point.axis === axis) },
    mark: { type: "line" as const, strokeWidth: 2, point: true },
    encoding: {
      x: {
        field: "at",
        type: "quantitative" as const,
        title: axis === "connections" ? axis : "most rows of a batch, at 50 connections",
        scale: { type: "log" as const, base: 2 },
        axis: { values: axis === "connections" ? connectionCounts : batchSizes, grid: false },
      },
      y: { field, type: "quantitative" as const, title },
      color: {
        field: "server",
        type: "nominal" as const,
        scale: { domain: ["Slipway", "FastAPI + Keras, batched"], range: ["#2563eb", "#ea580c"] },
        legend: { title: null, orient: "bottom" as const, labelLimit: 0 },
      },
    },
  });
  const row = (axis: Point["axis"]) => ({
    hconcat: [one(axis, "perSecond", "requests a second"), one(axis, "p99", "p99 latency, ms")],
  });
  return await render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: {
      text: "A small CNN under load",
      subtitle: "images of 32 x 32 pixels as raw bytes; the load comes from the same machine",
    },
    vconcat: [row("connections"), row("batch size")],
  });
}
