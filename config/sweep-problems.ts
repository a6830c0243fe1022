import { z } from "zod";
import type { Path } from "./layers.ts";
import { mostTrials, type Space, type Sweep, type Value } from "./sweep.ts";
import { sweptKey, takesIntegers } from "./swept-keys.ts";

/** What is wrong with one key of a sweep. */
export interface SweepProblem {
  path: Path;
  message: string;
}

/** Everything in a sweep that the model's own schema refuses, and a number of trials that can't be had. */
export function sweepProblems(sweep: Sweep): SweepProblem[] {
  const problems = Object.entries(sweep.parameters).flatMap(([name, space]) => spaceProblems(name, space));
  if (problems.length > 0) return problems;
  const sizes = Object.entries(sweep.parameters).map(([name, space]) => sizeOf(name, space));
  const combinations = sizes.reduce((product, size) => product * size, 1);
  if (sweep.method === "grid" && combinations > mostTrials)
    return [{ path: ["sweep", "parameters"], message: `the grid has ${combinations} trials, more than ${mostTrials}` }];
  if (sweep.method === "random" && combinations < sweep.trials) {
    const message = `there are only ${combinations} different trials, less than ${sweep.trials}`;
    return [{ path: ["sweep", "trials"], message }];
  }
  return [];
}

function spaceProblems(name: string, space: Space): SweepProblem[] {
  const at: Path = ["sweep", "parameters", name];
  const key = sweptKey(name);
  if (key.kind === "refused") return [{ path: at, message: key.reason }];
  const { schema } = key;
  if ("values" in space)
    return space.values.flatMap((value, index) => refusals(schema, value, [...at, "values", index]));
  if (!(schema instanceof z.ZodNumber)) return [{ path: at, message: "takes values, not a range" }];
  // every key that takes numbers takes all between two that it takes
  return (["min", "max"] as const).flatMap((end) => refusals(schema, space[end], [...at, end]));
}

function refusals(schema: z.ZodType, value: Value, at: Path): SweepProblem[] {
  const { issues } = schema.safeParse(value).error ?? { issues: [] };
  return issues.map(({ path, message }) => ({
    path: [...at, ...path],
    message: `${message}, got ${JSON.stringify(value)}`,
  }));
}

/** How many different values a space holds. */
function sizeOf(name: string, space: Space): number {
  if ("values" in space) return space.values.length;
  return takesIntegers(name) ? space.max - space.min + 1 : Number.POSITIVE_INFINITY;
}
