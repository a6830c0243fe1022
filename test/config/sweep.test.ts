import { describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { exitCodeOf } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import { configFolder, tinyWith } from "./config-folder.ts";

async function load(...lines: string[]) {
  await using folder = await configFolder(tinyWith(...lines));
  return await loadConfig({ root: folder.path, env: "dev", model: "tiny" });
}

/** The sweep of a file as settings change it. */
async function changed(line: string, set: string[]) {
  await using folder = await configFolder(tinyWith(line));
  return (await loadConfig({ root: folder.path, env: "dev", model: "tiny", set })).sweep;
}

/** The lines that loading fails with, without the file. */
async function problems(...lines: string[]): Promise<string[]> {
  const error: unknown = await load(...lines).catch((reason: unknown) => reason);
  if (!(error instanceof BadInputError)) throw new Error("expected a BadInputError", { cause: error });
  expect(exitCodeOf(error)).toBe(42);
  const told = error.message.split("\n").slice(1);
  return told.map((line) => line.trim().replace(/config\/models\/tiny\.yaml:/, "line "));
}

const random = (parameters: string, more = "") => `sweep: { method: random, ${more} parameters: { ${parameters} } }`;
const grid = (parameters: string) => `sweep: { method: grid, parameters: { ${parameters} } }`;

test("a sweep of values and ranges loads, with its defaults", async () => {
  const { sweep } = await load(
    random("training.learningRate: { min: 0.001, max: 0.1, scale: log }, architecture: { values: [softmax, mlp] }"),
  );
  expect(sweep).toEqual({
    method: "random",
    trials: 20,
    seed: 42,
    parameters: {
      "training.learningRate": { min: 0.001, max: 0.1, scale: "log" },
      architecture: { values: ["softmax", "mlp"] },
    },
  });
  expect((await load()).sweep).toBeUndefined();
});

test("a setting changes a key of the sweep, and a sweep that says its method replaces it", async () => {
  const line = random("training.learningRate: { min: 0.001, max: 0.1 }");
  expect(await changed(line, ["sweep.trials=3"])).toMatchObject({
    trials: 3,
    parameters: { "training.learningRate": {} },
  });
  const other = { method: "grid", parameters: { "training.l2": { values: [0, 0.1] } } };
  expect(await changed(line, [`sweep=${JSON.stringify(other)}`])).toEqual(other);
});

test("everything that is wrong with a sweep is told at once, beside what else is wrong, each with its line", async () => {
  const found = await problems(
    "training: { epochs: 0 }",
    "sweep:",
    "  method: random",
    "  parameters:",
    "    training.lerningRate: { min: 0.1, max: 1 }",
    "    training.learningRate: { min: -1, max: 1 }",
    "    training.batchSize: { values: [16, 0, many] }",
    "    training.hiddenUnits: { values: [[16, 0.5]] }",
    "    training.optimizer: { values: [adam, adamm] }",
    "    training.schedule: { min: 1, max: 2 }",
    "    training.augmentation: { values: [1] }",
    "    training.checkpointSeconds: { values: [1, 2] }",
    "    data.path: { values: [a, b] }",
  );
  const at = (name: string, rest: string) => `sweep.parameters.${name}${rest}`;
  expect(found.toSorted()).toEqual(
    [
      "training.epochs: Too small: expected number to be >0, got 0 (line 8)",
      at("training.lerningRate", ": unknown key; did you mean learningRate? (line 12)"),
      at("training.learningRate", ".min: Too small: expected number to be >0, got -1 (line 13)"),
      at("training.batchSize", ".values.1: Too small: expected number to be >0, got 0 (line 14)"),
      at("training.batchSize", '.values.2: Invalid input: expected number, received string, got "many" (line 14)'),
      at("training.hiddenUnits", ".values.0.1: Invalid input: expected int, received number, got [16,0.5] (line 15)"),
      at(
        "training.optimizer",
        '.values.1: Invalid option: expected one of "adam"|"adamw"|"sgd", got "adamm" (line 16)',
      ),
      at("training.schedule", ": takes values, not a range (line 17)"),
      at(
        "training.augmentation",
        ": is a group of keys; name one of them: training.augmentation.flip, training.augmentation.shift (line 18)",
      ),
      at("training.checkpointSeconds", ": makes no difference to the model (line 19)"),
      at(
        "data.path",
        ": trials may differ in architecture and training only: they are compared on the same data (line 20)",
      ),
    ].toSorted(),
  );
});

describe("a sweep is refused", () => {
  test.each([
    ["without parameters", grid(""), "sweep.parameters: names no parameter (line 8)"],
    [
      "with an empty list",
      grid("training.epochs: { values: [] }"),
      "sweep.parameters.training.epochs.values: names no value (line 8)",
    ],
    [
      "with a value twice",
      grid("training.epochs: { values: [3, 4, 3] }"),
      "sweep.parameters.training.epochs.values: names a value twice (line 8)",
    ],
    [
      "with a range that is none",
      random("training.epochs: { min: 5, max: 5 }"),
      "sweep.parameters.training.epochs: min must be below max (line 8)",
    ],
    [
      "with a log scale that reaches 0",
      random("training.l2: { min: 0, max: 1, scale: log }"),
      "sweep.parameters.training.l2: min must be above 0 on a log scale (line 8)",
    ],
    [
      "with half a range",
      random("training.l2: { min: 0 }"),
      "sweep.parameters.training.l2: must be values (a list), or min and max (numbers, with scale: linear or log) (line 8)",
    ],
    [
      "with ends that whole numbers can't have",
      random("training.epochs: { min: 1.5, max: 5 }"),
      "sweep.parameters.training.epochs.min: Invalid input: expected int, received number, got 1.5 (line 8)",
    ],
    [
      "with more trials than differ",
      random("training.epochs: { min: 1, max: 3 }, training.batchSize: { values: [8, 16] }", "trials: 7,"),
      "sweep.trials: there are only 6 different trials, less than 7 (line 8)",
    ],
    [
      "with too many trials",
      random("training.l2: { min: 0, max: 1 }", "trials: 1001,"),
      "sweep.trials: Too big: expected number to be <=1000, got 1001 (line 8)",
    ],
    [
      "with a grid that is too large",
      grid(
        `training.epochs: { values: [${[...Array(101).keys()].map((n) => n + 1)}] }, training.seed: { values: [${[...Array(10).keys()]}] }`,
      ),
      "sweep.parameters: the grid has 1010 trials, more than 1000 (line 8)",
    ],
    [
      "with a range in a grid",
      grid("training.l2: { min: 0, max: 1 }"),
      "sweep.parameters.training.l2: must be values (a list): a range is for method: random (line 8)",
    ],
    [
      "by a metric that is not measured",
      "sweep: { method: grid, metric: f1, parameters: { training.epochs: { values: [1] } } }",
      'sweep.metric: Invalid option: expected one of "accuracy"|"macro_f1"|"log_loss", got "f1" (line 8)',
    ],
  ])("%s", async (_, line, expected) => {
    expect(await problems(line)).toContain(expected);
  });
});
