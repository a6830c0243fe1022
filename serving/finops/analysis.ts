import { BadInputError } from "#config/bad-input.ts";
import type { Machine, Prices, Term } from "#config/prices.ts";
import { cheapestMachine, perMillionBusy, type Training, trainingCost } from "#training/cost.ts";
import { breakEvenSpeedup, breakEvenTraffic, cheapest, type Objective, type Profile, type Scenario } from "./costs.ts";
import { type Months, simulateMonths, type Traffic } from "./traffic.ts";

/** What is to be priced. */
export interface Question {
  readonly prices: Prices;
  readonly profile: Profile & { readonly source: string }; // where the measurement comes from
  readonly objective: Objective;
  readonly rates: readonly number[]; // requests a second
  readonly traffic: Traffic;
  readonly months: number; // to simulate
  readonly seed: number;
  readonly training?: Training & { readonly model: string };
}

/** Every figure of the report. */
export interface Analysis {
  readonly currency: string;
  readonly profile: Question["profile"];
  readonly objective: Objective;
  readonly busy: readonly { machine: Machine; perMillion: Record<Term, number> }[];
  readonly scenarios: readonly Scenario[];
  readonly breakEvens: readonly { cpu: Machine; gpu: Machine; speedup: number; perSecond: number | undefined }[];
  readonly training?: {
    model: string;
    backend: string;
    seconds: number;
    cpuSeconds: number;
    costs: readonly { machine: Machine; cost: Record<Term, number> }[];
  };
  readonly months: { perSecond: number; machine: Machine; values: Months };
}

/** Prices everything that is asked. @throws BadInputError when no machine of the table answers in time. */
export function analyse({ prices, profile, objective, rates, traffic, months, seed, training }: Question): Analysis {
  const given = { profile, objective };
  const cpus = prices.machines.filter(({ gpus }) => gpus === 0);
  const gpus = prices.machines.filter((machine) => machine.gpus > 0);
  const best = cheapestMachine(prices, "cpu");
  const mean = cheapest(traffic.perSecond, prices, given);
  if (!mean) {
    const work = `a prediction takes ${profile.cpuMs.toPrecision(3)} ms`;
    throw new BadInputError(`no machine of the price table answers within --target ${objective.targetMs} ms: ${work}`);
  }
  return {
    currency: prices.currency,
    profile,
    objective,
    busy: cpus.map((machine) => ({ machine, perMillion: perMillionBusy(profile.cpuMs, machine) })),
    scenarios: rates.flatMap((perSecond) => cheapest(perSecond, prices, given) ?? []),
    breakEvens: gpus.flatMap((gpu) =>
      best
        ? {
            cpu: best,
            gpu,
            speedup: breakEvenSpeedup(best, gpu, "onDemand"),
            perSecond: breakEvenTraffic(best, gpu, given),
          }
        : [],
    ),
    ...(training && { training: pricedTraining(training, training.device.backend === "gpu" ? gpus : cpus) }),
    months: {
      perSecond: traffic.perSecond,
      machine: mean.machine,
      values: simulateMonths(traffic, mean.machine, { ...given, months, seed }),
    },
  };
}

function pricedTraining(
  training: NonNullable<Question["training"]>,
  machines: readonly Machine[],
): NonNullable<Analysis["training"]> {
  const { model, device, seconds, cpuSeconds } = training;
  const costs = machines.map((machine) => ({ machine, cost: trainingCost(training, machine) }));
  return { model, backend: device.backend, seconds, cpuSeconds, costs };
}
