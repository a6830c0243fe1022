import { z } from "zod";
import { Metric } from "./metric.ts";

/** Trials of one sweep at most. */
export const mostTrials = 1000;

/** A setting as a trial has it. */
export const Value = z.union([z.number(), z.string(), z.boolean(), z.array(z.number())]);

const Choices = z
  .strictObject({ values: z.array(Value).min(1, { error: "names no value" }) })
  .refine(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size === values.length, {
    path: ["values"],
    error: "names a value twice",
  });

const Range = z
  .strictObject({
    min: z.number(),
    max: z.number(), // may be drawn too where the key takes whole numbers
    scale: z.enum(["linear", "log"]).default("linear"), // log: 0.001 to 0.01 is as likely as 0.01 to 0.1
  })
  .refine(({ min, max }) => min < max, { error: "min must be below max" })
  .refine(({ min, scale }) => scale === "linear" || min > 0, { error: "min must be above 0 on a log scale" });

/** What one key of the configuration may be in a trial. A range of a key that takes whole numbers gives whole numbers. */
const Space = z.union([Choices, Range], {
  error: "must be values (a list), or min and max (numbers, with scale: linear or log)",
});

// a union of one, so that a range is told in these words
const GridSpace = z.union([Choices, z.never()], { error: "must be values (a list): a range is for method: random" });

const common = {
  metric: Metric.optional(), // of the validation examples, by which the winner is chosen; the gate's when absent
  parallelism: z.int().positive().optional(), // trials at once in a cluster; as many as it has room for when absent
};

function parametersOf<S extends z.ZodType>(space: S) {
  return z.record(z.string(), space).refine((parameters) => Object.keys(parameters).length > 0, {
    error: "names no parameter",
  });
}

/**
 * Trainings of one model with other settings each, of which the best on the validation examples becomes the candidate.
 * `parameters` are keys of the configuration, such as `training.learningRate`; what is not named stays as it is.
 */
export const Sweep = z.discriminatedUnion("method", [
  z.strictObject({ ...common, method: z.literal("grid"), parameters: parametersOf(GridSpace) }), // every combination
  z.strictObject({
    ...common,
    method: z.literal("random"),
    parameters: parametersOf(Space),
    trials: z.int().positive().max(mostTrials).default(20),
    seed: z
      .int()
      .nonnegative()
      .max(2 ** 31 - 1)
      .default(42), // more trials of a seed begin with the same ones
  }),
]);

export type Sweep = z.infer<typeof Sweep>;
export type Space = z.infer<typeof Space>;
export type Range = z.infer<typeof Range>;
export type Value = z.infer<typeof Value>;
