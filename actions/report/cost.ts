import { type Markdown, md, table } from "#actions/io/markdown.ts";
import { type Prices, type Term, terms } from "#config/prices.ts";
import { cheapestMachine, perMillionBusy, type Training, trainingCost } from "#training/cost.ts";

/**
 * What the training run cost, and what a million predictions would by the time they took in the evaluation, on the cheapest
 * machines of the price table: the same figures as `npm run finops` gives. Of a processor the time used is paid, since others
 * may use the rest; a GPU for as long as it was held, since nobody else could have it.
 */
export function costTable(training: Training, cpuMs: number | undefined, prices: Prices): Markdown | undefined {
  const isGpu = training.device.backend === "gpu";
  const [trained, predicting] = [cheapestMachine(prices, isGpu ? "gpu" : "cpu"), cheapestMachine(prices, "cpu")];
  const amounts = (costs: Record<Term, number>) => terms.map((term) => money(costs[term]));
  const rows = [
    trained && [
      `this training run, ${isGpu ? "its GPU held" : "CPU-seconds used"}`,
      trained.name,
      ...amounts(trainingCost(training, trained)),
    ],
    predicting && cpuMs !== undefined && !isGpu
      ? [
          "a million predictions in batches, processors filled",
          predicting.name,
          ...amounts(perMillionBusy(cpuMs, predicting)),
        ]
      : undefined,
  ].filter((row) => row !== undefined);
  if (rows.length === 0) return undefined;
  return table(
    [`cost, ${prices.currency}`, "on", "on demand>", "reserved>", "spot>"],
    rows.map((row) => row.map((cell) => md`${cell}`)),
  );
}

function money(amount: number): string {
  if (amount === 0) return "0";
  return amount < 0.0001 ? "less than 0.0001" : amount.toFixed(amount < 1 ? 4 : 2);
}
