import { type Machine, type Term, terms } from "#config/prices.ts";
import { figure, heading, htmlPage, paragraph, table } from "#training/page.ts";
import { render } from "#training/render.ts";
import type { Analysis } from "./analysis.ts";
import { quantile } from "./traffic.ts";

const termNames: Record<Term, string> = { onDemand: "on demand", reserved: "reserved", spot: "spot" };
const header = (first: readonly string[]) => [...first, ...terms.map((term) => termNames[term])];

/** The figures as tables for a terminal and a page: each a heading, a header and rows. */
export function tablesOf(analysis: Analysis): { title: string; header: string[]; rows: string[][] }[] {
  const { currency, busy, scenarios, breakEvens, training, months, objective } = analysis;
  const money = (value: number) => `${value < 0.1 ? value.toPrecision(2) : value.toFixed(2)} ${currency}`;
  const priced = (prices: Record<Term, number>) => terms.map((term) => money(prices[term]));
  return [
    {
      title: "A million predictions, machines filled",
      header: header(["machine"]),
      rows: busy.map(({ machine, perMillion }) => [named(machine), ...priced(perMillion)]),
    },
    {
      title: `A month, all but ${100 * objective.late} % answered within ${objective.targetMs} ms`,
      header: header(["requests a second", "cheapest machine", "machines"]),
      rows: scenarios.map(({ perSecond, machine, machines, monthly }) => {
        return [String(perSecond), named(machine), String(machines), ...priced(monthly)];
      }),
    },
    {
      title: "A GPU is cheaper",
      header: ["GPU machine", "than", "when it predicts as fast as", "by measurement from"],
      rows: breakEvens.map(({ cpu, gpu, speedup, perSecond }) => {
        const from = perSecond === undefined ? "never, or not measured" : `${Math.ceil(perSecond)} requests a second`;
        return [named(gpu), named(cpu), `${speedup.toFixed(1)} of its processors`, from];
      }),
    },
    ...(training
      ? [
          {
            title: `Training ${training.model} once (${Math.round(training.cpuSeconds)} CPU seconds, ${Math.round(training.seconds)} s on ${training.backend})`,
            header: header(["machine"]),
            rows: training.costs.map(({ machine, cost }) => [named(machine), ...priced(cost)]),
          },
        ]
      : []),
    {
      title: `A month of such traffic around ${months.perSecond} requests a second, on demand on ${named(months.machine)}, ${months.values.length} times simulated`,
      header: ["one month in", "costs at most"],
      rows: [0.05, 0.5, 0.95, 0.99].map((share) => [
        `${Math.round(100 * share)} of 100`,
        money(quantile(months.values, share)),
      ]),
    },
  ];
}

/** The figures as a page with charts. */
export async function costReport(analysis: Analysis): Promise<string> {
  const { profile, currency } = analysis;
  return htmlPage({
    title: "What serving costs",
    lead: `A prediction takes ${profile.cpuMs.toPrecision(3)} ms of CPU time (${profile.source}).`,
    parts: [
      ...tablesOf(analysis).flatMap(({ title, header: names, rows }) => [heading(title), table(names, rows)]),
      heading("By traffic"),
      paragraph(`The cheapest machine that answers in time, a month, ${currency}.`),
      figure(await drawTraffic(analysis), "Monthly cost by requests a second"),
      heading("By chance"),
      await monthsPart(analysis),
    ],
  });
}

function named({ name, vcpus, gpus }: Machine): string {
  return `${name} (${vcpus} vCPU${gpus > 0 ? `, ${gpus} GPU` : ""})`;
}

function drawTraffic({ scenarios, currency }: Analysis): Promise<string> {
  const values = scenarios.flatMap(({ perSecond, monthly }) =>
    terms.map((term) => ({ perSecond, paid: termNames[term], cost: monthly[term] })),
  );
  return render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 640,
    height: 260,
    data: { values },
    mark: { type: "line", point: true, strokeWidth: 2 },
    encoding: {
      x: { field: "perSecond", type: "quantitative", scale: { type: "log" }, title: "requests a second" },
      y: { field: "cost", type: "quantitative", scale: { type: "log" }, title: `${currency} a month` },
      color: { field: "paid", type: "nominal", title: null },
    },
  });
}

/** A distribution, unless there is nothing to see of it. */
async function monthsPart(analysis: Analysis): Promise<string> {
  const { values } = analysis.months;
  if (values[0] !== values.at(-1)) return figure(await drawMonths(analysis), "Distribution of a month's cost");
  return paragraph("Every simulated month costs the same: as many machines carry its busiest hour as its quietest.");
}

function drawMonths({ months, currency }: Analysis): Promise<string> {
  return render({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width: 640,
    height: 200,
    data: { values: months.values.map((cost) => ({ cost })) },
    mark: { type: "bar", color: "#2563eb" },
    encoding: {
      x: { field: "cost", type: "quantitative", bin: { maxbins: 40 }, title: `${currency} a month` },
      y: { aggregate: "count", type: "quantitative", title: "simulated months" },
    },
  });
}
