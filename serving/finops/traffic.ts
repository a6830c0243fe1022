import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Machine } from "#config/prices.ts";
import { hoursPerMonth, type Objective, type Profile, scenario } from "./costs.ts";

/** How traffic moves around its mean. */
export interface Traffic {
  readonly perSecond: number; // mean of the first day
  readonly swing: number; // share by which the day's peak is above, and the night below, the mean
  readonly noise: number; // deviation of the logarithm of an hour's traffic
  readonly growth: number; // share by which the month's end is above its beginning, its own deviation half of it
}

/** What a month may cost: a value of each simulated month, sorted. */
export type Months = readonly number[];

const days = 30;
const hours = 24;

/**
 * Simulates months of hourly traffic, each hour carried by as many machines as it needs, and prices them on demand. The
 * same seed draws the same months.
 */
export function simulateMonths(
  traffic: Traffic,
  machine: Machine,
  given: { profile: Profile; objective: Objective; months: number; seed: number },
): Months {
  const random = xoroshiro128plus(given.seed);
  const normal = () => {
    const [one, other] = [uniformFloat64(random), uniformFloat64(random)];
    return Math.sqrt(-2 * Math.log(1 - one)) * Math.cos(2 * Math.PI * other); // Box and Muller, 1958
  };
  const prices = new Map<number, number>();
  const priceOf = (perSecond: number): number => {
    const rounded = Number(perSecond.toPrecision(3)); // machines do not change with the fourth digit
    const price = prices.get(rounded) ?? (scenario(rounded, machine, given)?.machines ?? Number.NaN) * machine.onDemand;
    prices.set(rounded, price);
    return price;
  };
  const month = () => {
    const growth = traffic.growth * (1 + normal() / 2);
    let sum = 0;
    for (let hour = 0; hour < days * hours; hour++) {
      const day = 1 + traffic.swing * Math.sin((2 * Math.PI * (hour % hours)) / hours);
      const grown = 1 + (growth * hour) / (days * hours);
      const noise = Math.exp(traffic.noise * normal() - traffic.noise ** 2 / 2); // of mean 1
      sum += priceOf(Math.max(0.001, traffic.perSecond * day * grown * noise));
    }
    return (sum * hoursPerMonth) / (days * hours);
  };
  return Array.from({ length: given.months }, month).sort((one, other) => one - other);
}

/** The value that a share of the months stays under. */
export function quantile(months: Months, share: number): number {
  return months[Math.min(months.length - 1, Math.floor(share * months.length))] ?? Number.NaN;
}
