import "@tensorflow/tfjs-backend-cpu";
import { tensor } from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";
import { runOracle } from "#test/parts/python.ts";
import { evaluate } from "#training/evaluate/evaluate.ts";
import type { EvaluateOptions } from "#training/evaluate/options.ts";
import { Evaluation, Prediction } from "#training/evaluation.ts";
import { sha256 } from "#training/package/digests.ts";
import { echo, examplesOf } from "./fixtures.ts";

const classes = ["a", "b", "c"];
const examplesFingerprint = sha256("examples");
const common = { model: "letters", env: "dev", examplesFingerprint, classes, looks: 2 };

/** A candidate that answers by the logits themselves, and a champion that takes b for a. */
function contest(): EvaluateOptions {
  const logits = [
    [2, 0, 0],
    [0, 2, 0],
    [0, 2, 1],
    [0, 1, 2],
    [1, 0, 3],
  ];
  const slices = (row: number) => [row < 2 ? "first" : "rest", `class=${classes[[0, 1, 2, 2, 0][row] ?? 0]}`];
  const champion = echo(classes, { name: "champion" });
  champion.model.setWeights([
    tensor([
      [1, 0, 0],
      [1, 0, 0],
      [0, 0, 1],
    ]),
  ]);
  return {
    ...common,
    examples: examplesOf(logits, [0, 1, 2, 2, 0], slices),
    candidate: echo(classes),
    champion: { version: "7", package: champion },
  };
}

test("candidate and champion are measured on the same examples, as counted by hand", async () => {
  const { evaluation } = await evaluate(contest());
  expect(Evaluation.parse(evaluation)).toEqual(evaluation);
  expect(evaluation).toMatchObject({
    ...common,
    role: "test",
    rows: 5,
    candidate: {
      modelDigest: sha256("echo"),
      metrics: {
        accuracy: 3 / 5,
        confusion: [
          [1, 0, 1],
          [0, 1, 0],
          [0, 1, 1],
        ],
      }, // [truth][answer]
    },
    champion: {
      version: "7",
      modelDigest: sha256("champion"),
      metrics: {
        accuracy: 2 / 5,
        confusion: [
          [1, 0, 1],
          [1, 0, 0],
          [1, 0, 1],
        ],
      },
    },
    slices: [
      { name: "class=a", rows: 2, candidate: 1 / 2, champion: 1 / 2 },
      { name: "class=b", rows: 1, candidate: 1, champion: 0 },
      { name: "class=c", rows: 2, candidate: 1 / 2, champion: 1 / 2 },
      { name: "first", rows: 2, candidate: 1, champion: 1 / 2 },
      { name: "rest", rows: 3, candidate: 1 / 3, champion: 1 / 3 },
    ],
  });
});

test("each example's prediction and score stand beside its label", async () => {
  const { predictions } = await evaluate(contest());
  expect(z.array(Prediction).parse(predictions)).toEqual(predictions);
  expect(
    predictions.map(({ id, label, candidate, champion }) => [id, label, candidate.prediction, champion?.prediction]),
  ).toEqual([
    ["row-0", "a", "a", "a"],
    ["row-1", "b", "b", "a"],
    ["row-2", "c", "b", "a"],
    ["row-3", "c", "c", "c"],
    ["row-4", "a", "c", "c"],
  ]);
  const total = Math.exp(2) + 2;
  for (const [index, wanted] of [Math.exp(2) / total, 1 / total, 1 / total].entries()) {
    expect(predictions[0]?.candidate.probabilities[index]).toBeCloseTo(wanted, 6);
  }
  expect(predictions[2]?.slices).toEqual(["rest", "class=c"]);
});

test("metrics are scikit-learn's, also of a champion with other classes", async () => {
  const rows = Array.from({ length: 700 }, (_, row) => [
    Math.sin(row * 3.7) * 2,
    Math.cos(row * 1.3),
    Math.sin(row * 0.9),
  ]);
  const examples = examplesOf(
    rows,
    rows.map((_, row) => (row * 7) % 3),
  );
  const champion = { version: "1", package: echo(["b", "z", "a"], { name: "champion" }) };
  const { evaluation, predictions } = await evaluate({ ...common, examples, candidate: echo(classes), champion });
  expect(evaluation.classes).toEqual(["a", "b", "c", "z"]);
  const asked = (["candidate", "champion"] as const).map((who) => ({
    labels: predictions.map(({ label }) => label),
    classes: evaluation.classes,
    probabilities: predictions.map((prediction) => prediction[who]?.probabilities),
  }));
  const Theirs = z.array(z.record(z.string(), z.json()));
  const theirs = Theirs.parse(await runOracle("test/training/evaluate/sklearn_oracle.py", asked));
  for (const [index, metrics] of [evaluation.candidate.metrics, evaluation.champion?.metrics].entries()) {
    expect(metrics?.confusion).toEqual(theirs[index]?.["confusion"]);
    expect(metrics?.accuracy).toBeCloseTo(Number(theirs[index]?.["accuracy"]), 12);
    expect(metrics?.macro_f1).toBeCloseTo(Number(theirs[index]?.["macro_f1"]), 12);
    expect(metrics?.log_loss).toBeCloseTo(Number(theirs[index]?.["log_loss"]), 5);
  }
}, 120_000);

describe("a champion", () => {
  test("whose classes stand in another order is matched by their names", async () => {
    const options = contest();
    const turned = echo(["c", "a", "b"], { name: "turned" });
    turned.model.setWeights([
      tensor([
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
      ]),
    ]); // the logits of a, b, c to its own order
    const { evaluation } = await evaluate({ ...options, champion: { version: "1", package: turned } });
    expect(evaluation.champion?.metrics).toEqual(evaluation.candidate.metrics);
  });

  test("that does not know a class is wrong on its examples", async () => {
    const champion = { version: "1", package: echo(["a", "b", "x"], { name: "old" }) };
    const { evaluation, predictions } = await evaluate({ ...contest(), champion });
    expect(evaluation.classes).toEqual(["a", "b", "c", "x"]);
    expect(predictions.map((prediction) => prediction.champion?.prediction)).toEqual(["a", "b", "b", "x", "x"]);
    expect(predictions[3]?.champion?.probabilities[2]).toBe(0);
    expect(evaluation.champion?.metrics.accuracy).toBe(2 / 5);
    expect(evaluation.slices.find(({ name }) => name === "class=c")?.champion).toBe(0);
  });

  test("that takes inputs of another shape is not compared, and the evaluation says why", async () => {
    const champion = { version: "3", package: echo(["a", "b"], { name: "narrow" }) };
    const { evaluation, predictions } = await evaluate({ ...contest(), champion });
    expect(Evaluation.parse(evaluation)).toEqual(evaluation);
    expect(evaluation.champion).toBeUndefined();
    expect(evaluation.incomparableChampion).toEqual({
      version: "3",
      modelDigest: sha256("narrow"),
      reason: "it takes inputs of shape [2], the data has [3]",
    });
    expect(predictions.some((prediction) => prediction.champion)).toBe(false);
    expect(evaluation.slices.some((slice) => "champion" in slice)).toBe(false);
  });

  test("that takes other columns is not compared", async () => {
    const columns = (names: string) => [...names].map((name) => ({ name }));
    const champion = { version: "3", package: echo(classes, { name: "other", features: columns("xzy") }) };
    const options = { ...contest(), features: columns("xyz"), candidate: echo(classes, { features: columns("xyz") }) };
    const { evaluation } = await evaluate({ ...options, champion });
    expect(evaluation.incomparableChampion?.reason).toBe("it takes the columns x, z, y, the data has x, y, z");
  });

  test("may be absent", async () => {
    const { evaluation } = await evaluate({ ...contest(), champion: undefined });
    expect(evaluation).not.toHaveProperty("champion");
    expect(evaluation).not.toHaveProperty("incomparableChampion");
  });
});

test.each<[string, Partial<EvaluateOptions>, RegExp]>([
  ["classes in another order", { candidate: echo(["b", "a", "c"]) }, /knows the classes b, a, c, the data has a, b, c/],
  [
    "another input shape",
    { classes: ["a", "b"], candidate: echo(["a", "b"]) },
    /inputs of shape \[2\], the data has \[3\]/,
  ],
  ["no examples", { examples: examplesOf([], []) }, /no test examples/],
])("a candidate with %s is bad input", async (_name, change, reason) => {
  await expect(evaluate({ ...contest(), ...change })).rejects.toThrow(reason);
  await expect(evaluate({ ...contest(), ...change })).rejects.toBeInstanceOf(BadInputError);
});

test("a candidate whose answers overflow is refused", async () => {
  const candidate = echo(classes);
  candidate.model.setWeights([tensor(Array.from({ length: 3 }, () => [3e38, 3e38, 3e38]))]);
  await expect(evaluate({ ...contest(), candidate })).rejects.toThrow(/not a number/);
});
