import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startNative } from "#test/parts/native.ts";
import { runOracle } from "#test/parts/python.ts";
import { compile } from "#training/graph/compile.ts";
import { families } from "./families.ts";

const seed = 11;
const Answer = z.object({ loss: z.number(), gradients: z.record(z.string(), z.array(z.number())) });
type Answer = z.infer<typeof Answer>;

/** Numbers that look random and are the same everywhere. */
function numbers(length: number, salt: number): number[] {
  return Array.from({ length }, (_, place) => Math.fround(Math.sin(place * 12.9898 + salt * 78.233) * 1.5));
}

const size = (shape: number[]) => shape.reduce((product, side) => product * side, 1);

const cases = Object.entries(families).map(([name, family], salt) => ({
  name,
  family,
  weights: Object.entries(family.weights).map(([key, shape], place) => ({
    key,
    shape,
    dtype: "float32" as const,
    values: numbers(size(shape), salt * 10 + place),
  })),
  inputs: Object.entries(family.inputs).map(([key, kind], place) => {
    if (Array.isArray(kind))
      return { key, shape: kind, dtype: "float32" as const, values: numbers(size(kind), salt * 10 + place + 5) };
    const values = numbers(size(kind.shape), salt * 10 + place + 5).map(
      (n) => Math.floor(Math.abs(n) * 1000) % kind.below,
    );
    return { key, shape: kind.shape, dtype: "int32" as const, values };
  }),
}));
type Case = (typeof cases)[number];

/** Loss and gradients: after one step at rate 1 the momentum of each weight is minus its gradient. */
function differentiate({ family, weights, inputs }: Case, mode: "graph" | "eager"): Answer {
  const variables = weights.map(({ values, shape }) => tf.variable(tf.tensor(values, shape)));
  const fed = inputs.map(({ values, shape, dtype }) => tf.tensor(values, shape, dtype));
  const program = compile({ variables, optimizer: { kind: "sgd", momentum: 0.5 }, seed, mode });
  const step = program.training((...tensors) => {
    const named = [
      ...weights.map(({ key }, place) => [key, variables[place]]),
      ...inputs.map(({ key }, place) => [key, tensors[place]]),
    ];
    return [family.loss(Object.fromEntries(named))];
  });
  const [loss] = step.run(fed, 1);
  const slots = [...program.state()].filter(({ slot }) => slot === "momentum");
  const gradients = Object.fromEntries(
    slots.map(({ index, values }) => [weights[index]?.key, [...values].map((value) => -value)]),
  );
  const answer = { loss: loss?.dataSync()[0] ?? Number.NaN, gradients };
  program.dispose();
  tf.dispose([variables, fed, loss ?? []]);
  return answer;
}

function expectClose(actual: Answer, wanted: Answer, tolerance: number): void {
  expect(Math.abs(actual.loss - wanted.loss)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(wanted.loss)));
  for (const [key, values] of Object.entries(wanted.gradients)) {
    const largest = Math.max(...values.map(Math.abs));
    const got = actual.gradients[key] ?? [];
    const difference = Math.max(...values.map((value, place) => Math.abs(value - (got[place] ?? Number.NaN))));
    expect(difference / largest, `gradient of ${key}`).toBeLessThanOrEqual(tolerance);
  }
}

describe("gradients", () => {
  let oracle: Record<string, Answer>;
  const graph: Record<string, Answer> = {};
  const javascript: Record<string, Answer> = {};

  beforeAll(async () => {
    const named = (tensors: Case["weights"] | Case["inputs"]) =>
      Object.fromEntries(tensors.map(({ key, ...tensor }) => [key, tensor]));
    const asked = cases.map(({ name, weights, inputs }) => {
      const drawn = name === "dropout" ? { seed, step: 0 } : {};
      return [name, { weights: named(weights), inputs: { ...named(inputs), ...drawn } }];
    });
    const answering = runOracle("test/training/graph/families.py", { families: Object.fromEntries(asked) });
    await tf.setBackend("cpu");
    for (const given of cases) javascript[given.name] = differentiate(given, "eager");
    await startNative();
    for (const given of cases) graph[given.name] = differentiate(given, "graph");
    oracle = z.object({ families: z.record(z.string(), Answer) }).parse(await answering).families;
  });

  test.each(cases.map(({ name }) => name))("of %s in a graph are TensorFlow's own", (name) => {
    expectClose(graph[name] as Answer, oracle[name] as Answer, 1e-5);
  });

  const different = ["dropout", "average pooling, padded"]; // other numbers; tfjs' JavaScript counts the padding
  const comparable = cases.map(({ name }) => name).filter((name) => !different.includes(name));
  test.each(comparable)("of %s in a graph are those of plain JavaScript", (name) => {
    expectClose(graph[name] as Answer, javascript[name] as Answer, 1e-5);
  });
});
