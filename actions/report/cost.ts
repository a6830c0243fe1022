import type { Cost } from "#config/schema.ts";
import type { Candidate } from "#training/candidate.ts";

/**
 * What a training run cost by the price table, in its currency, and how seconds were turned into money: the processor by
 * what was used of it, since others may use the rest; a GPU by how long it was held, since nobody else could have it.
 */
export function trainingCost(
  { device, seconds, cpuSeconds }: Pick<Candidate, "device" | "seconds" | "cpuSeconds">,
  prices: Cost,
): { amount: number; basis: string } {
  const cpu = (cpuSeconds / 3600) * prices.cpuHour;
  const cpuBasis = `CPU-seconds used at ${prices.cpuHour} ${prices.currency} a vCPU-hour`;
  if (device.backend !== "gpu") return { amount: cpu, basis: cpuBasis };
  return {
    amount: cpu + (seconds / 3600) * prices.gpuHour,
    basis: `${cpuBasis}, and ${Math.round(seconds).toLocaleString("en-US")} GPU-seconds at ${prices.gpuHour} ${prices.currency} an hour: one GPU, held for the whole wall time however busy it was`,
  };
}
