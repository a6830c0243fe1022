import { type Machine, type Prices, type Term, terms } from "#config/prices.ts";
import type { Candidate } from "./candidate.ts";

/** What a training run took of a machine. */
export type Training = Pick<Candidate, "device" | "seconds" | "cpuSeconds">;

/** What the run costs on a machine: the processors it used, or the whole machine for as long as it held its GPU. */
export function trainingCost({ device, seconds, cpuSeconds }: Training, machine: Machine): Record<Term, number> {
  const hours = device.backend === "gpu" ? seconds / 3600 / machine.gpus : cpuSeconds / 3600 / machine.vcpus;
  return byTerm((term) => hours * machine[term]);
}

/** Price of the processors' time of a million predictions: what it tends to, once traffic fills the machines. */
export function perMillionBusy(cpuMs: number, machine: Machine): Record<Term, number> {
  return byTerm((term) => ((cpuMs * 1e6) / 3.6e6) * (machine[term] / machine.vcpus));
}

/** The machine whose processors, or GPUs, are the cheapest on demand; `undefined` where the table has none of the kind. */
export function cheapestMachine({ machines }: Prices, kind: "cpu" | "gpu"): Machine | undefined {
  const price = ({ onDemand, vcpus, gpus }: Machine) => onDemand / (kind === "gpu" ? gpus : vcpus);
  const able = machines.filter(({ gpus }) => gpus > 0 === (kind === "gpu"));
  return able.toSorted((one, other) => price(one) - price(other))[0];
}

/** A figure for each way of paying. */
export function byTerm(of: (term: Term) => number): Record<Term, number> {
  return Object.fromEntries(terms.map((term) => [term, of(term)])) as Record<Term, number>;
}
