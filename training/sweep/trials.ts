import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { mersenne } from "pure-rand/generator/mersenne";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { BadInputError } from "#config/bad-input.ts";
import { merge, treeOf } from "#config/layers.ts";
import { Config } from "#config/schema.ts";
import type { Range, Space, Sweep, Value } from "#config/sweep.ts";
import { takesIntegers } from "#config/swept-keys.ts";

/** What a trial sets, by the keys' dotted paths in the order of the configuration. */
export type Settings = Readonly<Record<string, Value>>;

const drawsPerTrial = 1000; // before we give up to find one more that differs from all others

/**
 * The trials of a sweep, no two the same. A grid's last parameter varies fastest. Random ones depend on the seed alone, and
 * the first of many are those of few. Throws a `BadInputError` where the ranges are too narrow for so many.
 */
export function trialsOf(sweep: Sweep): Settings[] {
  return sweep.method === "grid" ? combinations(sweep) : draws(sweep);
}

/** A model's configuration with a trial's settings in it. */
export function trialConfig({ sweep: _, ...config }: Config, settings: Settings): Config {
  const changes = Object.entries(settings).map(([path, value]) => treeOf(path.split("."), value));
  return Config.parse(merge([config, ...changes].map((values) => ({ values }))));
}

function combinations({ parameters }: Extract<Sweep, { method: "grid" }>): Settings[] {
  return Object.entries(parameters).reduce<Settings[]>(
    (trials, [name, { values }]) => trials.flatMap((trial) => values.map((value) => ({ ...trial, [name]: value }))),
    [{}],
  );
}

function draws({ parameters, trials, seed }: Extract<Sweep, { method: "random" }>): Settings[] {
  const random = mersenne(seed);
  const found = new Map<string, Settings>();
  for (let left = trials * drawsPerTrial; found.size < trials; left--) {
    if (left === 0)
      throw new BadInputError(
        `sweep: of ${trials} trials only ${found.size} differ; name wider ranges, or fewer trials`,
      );
    const drawn = Object.entries(parameters).map(([name, space]) => [name, draw(random, name, space)] as const);
    found.set(JSON.stringify(drawn), Object.fromEntries(drawn));
  }
  return [...found.values()];
}

function draw(random: RandomGenerator, name: string, space: Space): Value {
  if ("values" in space) return space.values[uniformInt(random, 0, space.values.length - 1)] as Value;
  const { min, max, scale } = space;
  if (!takesIntegers(name))
    return scale === "log" ? logUniform(random, space) : min + uniformFloat64(random) * (max - min);
  if (scale === "linear") return uniformInt(random, min, max);
  // each whole number stands for all that are rounded to it
  return Math.round(logUniform(random, { min: min - 0.5, max: max + 0.5 }));
}

function logUniform(random: RandomGenerator, { min, max }: Pick<Range, "min" | "max">): number {
  const value = min * (max / min) ** uniformFloat64(random);
  return Math.min(max, Math.max(min, value)); // a rounding error may lead out
}
