import type { Machine, Prices, Term } from "#config/prices.ts";
import { byTerm } from "#training/cost.ts";
import { type Demand, machinesFor } from "./queueing.ts";

/** A twelfth of a year. */
export const hoursPerMonth = 730;

/** What one prediction takes, by measurement. */
export interface Profile {
  readonly cpuMs: number;
  readonly gpuMs?: number; // on a GPU, when it was measured there
}

/** What is to be held. */
export interface Objective {
  readonly targetMs: number;
  readonly late: number;
  readonly fewestReplicas: number;
}

/** The machines that carry some traffic, and their price. */
export interface Scenario {
  readonly perSecond: number;
  readonly machine: Machine;
  readonly machines: number;
  readonly monthly: Readonly<Record<Term, number>>;
  readonly perMillion: Readonly<Record<Term, number>>; // predictions, the machines' idle time with it
}

/** A machine for some traffic; `undefined` when it can't answer in time. */
export function scenario(
  perSecond: number,
  machine: Machine,
  { profile, objective }: { profile: Profile; objective: Objective },
): Scenario | undefined {
  const isGpu = machine.gpus > 0;
  if (isGpu && profile.gpuMs === undefined) return undefined;
  const cpuMs = isGpu ? (profile.gpuMs ?? 0) : profile.cpuMs;
  const demand: Demand = { perSecond, cpuMs, targetMs: objective.targetMs, late: objective.late };
  const machines = machinesFor(demand, isGpu ? machine.gpus : machine.vcpus, objective.fewestReplicas);
  if (machines === undefined) return undefined;
  const monthly = byTerm((term) => machines * machine[term] * hoursPerMonth);
  const millions = (perSecond * 3600 * hoursPerMonth) / 1e6;
  return { perSecond, machine, machines, monthly, perMillion: byTerm((term) => monthly[term] / millions) };
}

/** The cheapest machine for some traffic, on demand; `undefined` when none answers in time. */
export function cheapest(
  perSecond: number,
  { machines }: Prices,
  given: { profile: Profile; objective: Objective },
): Scenario | undefined {
  const all = machines.flatMap((machine) => scenario(perSecond, machine, given) ?? []);
  return all.toSorted((one, other) => one.monthly.onDemand - other.monthly.onDemand)[0];
}

/** How much faster than one of the CPU machine's processors a GPU must predict before it is the cheaper one, both filled. */
export function breakEvenSpeedup(cpu: Machine, gpu: Machine, term: Term): number {
  return gpu[term] / gpu.gpus / (cpu[term] / cpu.vcpus);
}

/** The traffic from which on the GPU machine is cheaper, on demand; `undefined` when it never is, up to 100,000 a second. */
export function breakEvenTraffic(
  cpu: Machine,
  gpu: Machine,
  given: { profile: Profile; objective: Objective },
): number | undefined {
  for (let perSecond = 1; perSecond <= 100_000; perSecond *= 1.05) {
    const [own, other] = [scenario(perSecond, gpu, given), scenario(perSecond, cpu, given)];
    if (own && (!other || own.monthly.onDemand < other.monthly.onDemand)) return perSecond;
  }
  return undefined;
}
