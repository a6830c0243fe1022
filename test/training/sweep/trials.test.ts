import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { Sweep } from "#config/sweep.ts";
import { runOracle } from "#test/parts/python.ts";
import { trialsOf } from "#training/sweep/trials.ts";

const grid = { "training.epochs": [3, 5, 8], architecture: ["softmax", "mlp"], "training.seed": [1, 2] };
const log = { min: 1e-5, max: 0.5, scale: "log" };
const linear = { min: -2, max: 7 };
const integers = { min: 1, max: 12, scale: "log" };

const random = (parameters: unknown, more = {}) => trialsOf(Sweep.parse({ method: "random", parameters, ...more }));
const gridTrials = () => {
  const parameters = Object.fromEntries(Object.entries(grid).map(([name, values]) => [name, { values }]));
  return trialsOf(Sweep.parse({ method: "grid", parameters }));
};
const many = random(
  {
    "training.learningRate": log,
    "training.l2": linear,
    "training.epochs": integers,
    "training.optimizer": { values: ["adam", "adamw", "sgd"] },
  },
  { trials: 1000 },
);
const column = (name: string) => many.map((settings) => settings[name]);

const Fits = z.object({
  grid: z.array(z.record(z.string(), z.unknown())),
  ...{ log: z.number(), linear: z.number(), first: z.number(), values: z.number(), integers: z.number() },
});
let oracle: z.infer<typeof Fits>;

beforeAll(async () => {
  const optimizers = column("training.optimizer");
  const seeds = Array.from({ length: 300 }, (_, seed) => seed);
  oracle = Fits.parse(
    await runOracle("test/training/sweep/trials.oracle.py", {
      grid,
      log: { ...log, draws: column("training.learningRate") },
      linear: { ...linear, draws: column("training.l2") },
      integers: { ...integers, draws: column("training.epochs") },
      values: ["adam", "adamw", "sgd"].map((name) => optimizers.filter((one) => one === name).length),
      first: seeds.map(
        (seed) => random({ "training.l2": { min: 0, max: 1 } }, { seed, trials: 1 })[0]?.["training.l2"],
      ),
    }),
  );
});

test("a grid has the combinations that scikit-learn's has, the last parameter varying fastest", () => {
  const sorted = (trials: readonly object[]) =>
    trials.map((trial) => JSON.stringify(Object.entries(trial).sort())).sort();
  expect(sorted(gridTrials())).toEqual(sorted(oracle.grid));
  expect(gridTrials().slice(0, 3)).toEqual([
    { "training.epochs": 3, architecture: "softmax", "training.seed": 1 },
    { "training.epochs": 3, architecture: "softmax", "training.seed": 2 },
    { "training.epochs": 3, architecture: "mlp", "training.seed": 1 },
  ]);
});

test.each(["log", "linear", "integers", "values", "first"] as const)(
  "draws of %s are what SciPy calls its distribution",
  (name) => {
    expect(oracle[name]).toBeGreaterThan(0.01);
  },
);

test("draws stay within their ranges, and whole numbers are whole", () => {
  for (const { "training.learningRate": rate, "training.epochs": epochs } of many) {
    expect(rate).toBeGreaterThanOrEqual(log.min);
    expect(rate).toBeLessThanOrEqual(log.max);
    expect(Number.isInteger(epochs)).toBe(true);
  }
  expect(new Set(column("training.epochs"))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
});

test("the seed decides the trials, and more of them begin with the same ones", () => {
  const parameters = { "training.learningRate": log, "training.batchSize": { values: [8, 16] } };
  const eight = random(parameters, { trials: 8 });
  expect(random(parameters, { trials: 8 })).toEqual(eight);
  expect(random(parameters, { trials: 20 }).slice(0, 8)).toEqual(eight);
  expect(random(parameters, { trials: 8, seed: 43 })).not.toEqual(eight);
});

test("no two trials are the same, also when all that there are are drawn", () => {
  const trials = random(
    { "training.epochs": { min: 1, max: 5 }, "training.batchSize": { values: [8, 16] } },
    { trials: 10 },
  );
  expect(new Set(trials.map((settings) => JSON.stringify(settings))).size).toBe(10);
});

test("ranges in which so many do not differ are refused instead of being searched for ever", () => {
  const narrow = { "training.learningRate": { min: 0.1, max: 0.1 + 2e-17 * 2 } };
  expect(() => random(narrow, { trials: 100 })).toThrow(BadInputError);
});
