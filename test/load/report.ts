import { figure, heading, htmlPage, table } from "#training/page.ts";
import { render } from "#training/render.ts";
import type { Load, Sample } from "./run.ts";
import { bySecond, summarize } from "./summary.ts";

/** The load test as a page: what it came to, and latency and throughput over time. */
export async function loadReport(samples: readonly Sample[], load: Load): Promise<string> {
  const { requests, failed, perSecond, percentiles, statuses } = summarize(samples, load.seconds);
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return htmlPage({
    title: "Load test",
    lead: `${load.users} users for ${load.seconds} s: ${requests} requests, ${failed} failed, ${perSecond.toFixed(0)} answered a second, 95 % within ${ms(percentiles.p95)}`,
    parts: [
      table(
        ["latency", "within"],
        Object.entries(percentiles).map(([name, value]) => [
          name === "max" ? "all" : name.slice(1).concat(" %"),
          ms(value),
        ]),
      ),
      table(
        ["answer", "requests"],
        Object.entries(statuses).map(([status, count]) => [status, String(count)]),
      ),
      heading("Over time"),
      figure(
        await drawTime(samples, load.seconds),
        "Latency percentiles and answers a second over the time of the test",
      ),
    ],
  });
}

function drawTime(samples: readonly Sample[], length: number): Promise<string> {
  const seconds = bySecond(samples).filter(({ second }) => second + 1 <= length); // what is over is no whole second
  const latencies = seconds.flatMap(({ second, summary: { percentiles } }) =>
    (["p50", "p95", "p99"] as const).map((name) => ({ second, percentile: name, ms: percentiles[name] })),
  );
  const counts = seconds.flatMap(({ second, summary: { perSecond, failed } }) => [
    { second, answer: "200", count: perSecond },
    { second, answer: "failed", count: failed },
  ]);
  const x = { field: "second", type: "quantitative" as const, title: "second", axis: { grid: false, tickMinStep: 1 } };
  return render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    vconcat: [
      {
        width: 640,
        height: 220,
        data: { values: latencies },
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          x,
          y: { field: "ms", type: "quantitative", title: "latency, ms" },
          color: {
            field: "percentile",
            type: "nominal",
            title: null,
            scale: { domain: ["p50", "p95", "p99"], range: ["#2563eb", "#ea580c", "#b91c1c"] },
          },
        },
      },
      {
        width: 640,
        height: 160,
        data: { values: counts },
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          x,
          y: { field: "count", type: "quantitative", title: "answers a second" },
          color: {
            field: "answer",
            type: "nominal",
            title: null,
            scale: { domain: ["200", "failed"], range: ["#15803d", "#b91c1c"] },
          },
        },
      },
    ],
    resolve: { scale: { color: "independent" } },
  });
}
