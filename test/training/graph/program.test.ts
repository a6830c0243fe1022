import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { startNative } from "#test/parts/native.ts";
import { compile } from "#training/graph/compile.ts";
import { softmaxCrossEntropy } from "#training/graph/fused.ts";
import type { NativeBackend } from "#training/graph/native-backend.ts";
import type { Program } from "#training/graph/program.ts";
import { dropout, uniform } from "#training/graph/random.ts";

let native: NativeBackend;
const programs: Program[] = [];

beforeAll(async () => {
  native = await startNative();
});

afterEach(() => {
  for (const program of programs.splice(0)) program.dispose();
});

/** A line y = x·w, trained towards y by least squares. */
function line(options: Partial<Parameters<typeof compile>[0]> = {}) {
  const w = tf.variable(tf.tensor2d([[1], [2]]));
  const program = compile({ variables: [w], optimizer: { kind: "sgd" }, ...options });
  programs.push(program);
  const predict = program.inference((x) => [tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)]);
  const train = program.training((x, y) => [
    tf.mean(tf.squaredDifference(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), y as tf.Tensor)) as tf.Scalar,
  ]);
  return { w, program, predict, train };
}

const value = (tensors: readonly tf.Tensor[]): number[] => {
  const values = [...(tensors[0]?.dataSync() ?? [])];
  tf.dispose([...tensors]);
  return values;
};
const x = () =>
  tf.tensor2d([
    [1, 0],
    [0, 1],
    [1, 1],
  ]);
const y = () => tf.tensor2d([[0], [0], [0]]);

describe.each(["graph", "eager"] as const)("a program in %s mode", (mode) => {
  test("trains and predicts over one set of weights", () => {
    const { predict, train, w } = line({ mode });
    expect(value(predict.run([x()]))).toEqual([1, 2, 3]);
    expect(value(train.run([x(), y()], 0.3))[0]).toBeCloseTo(14 / 3, 5);
    const expected = [1 - 0.3 * (2 / 3) * 4, 2 - 0.3 * (2 / 3) * 5];
    for (const [place, weight] of [...w.dataSync()].entries()) expect(weight).toBeCloseTo(expected[place] ?? 0, 5);
    expect(value(predict.run([x()]))[0]).toBeCloseTo(expected[0] ?? 0, 5);
  });

  test("updates by the mean gradient of batches gathered before, as by one batch of all", () => {
    const options = { mode, optimizer: { kind: "adamw", weightDecay: 0.1 }, clipNorm: 2 } as const;
    const [parts, whole] = [line({ ...options, accumulates: true }), line(options)];
    const rows = (from: number, to: number) => [
      tf.slice2d(x(), [from, 0], [to - from, 2]),
      tf.slice2d(y(), [from, 0], [to - from, 1]),
    ];
    for (let update = 0; update < 3; update++) {
      const before = [...parts.w.dataSync()];
      tf.dispose([...parts.train.gather(rows(0, 1)), ...parts.train.gather(rows(1, 2))]);
      expect([...parts.w.dataSync()]).toEqual(before);
      expect(parts.program.steps).toBe(update);
      tf.dispose([...parts.train.run(rows(2, 3), 0.2), ...whole.train.run([x(), y()], 0.2)]);
      const [found, wanted] = [parts.w.dataSync(), [...whole.w.dataSync()]];
      for (const [place, weight] of wanted.entries()) expect(found[place]).toBeCloseTo(weight, 5);
    }
    expect([...parts.program.state()].map(({ slot }) => slot)).toEqual(["weights", "m", "v", "sum"]);
    expect(() => whole.train.gather([x(), y()])).toThrow("without accumulates");
  });

  test("draws other random numbers for each gathered batch", () => {
    const noise = tf.variable(tf.zeros([4]));
    const program = compile({ variables: [noise], optimizer: { kind: "sgd" }, accumulates: true, seed: 3, mode });
    programs.push(program);
    const train = program.training(() => {
      const drawn = uniform([4]);
      return [tf.sum(tf.mul(noise, drawn)), drawn];
    });
    const seen = [train.gather([]), train.gather([]), train.run([], 0.1), train.run([], 0.1)];
    expect(new Set(seen.map(([, drawn]) => [...(drawn?.dataSync() ?? [])].join())).size).toBe(4);
    tf.dispose(seen.flat());
  });

  test("takes batches of another size", () => {
    const { predict, train, program } = line({ mode });
    train.run([x(), y()], 0.1);
    train.run([tf.tensor2d([[2, 2]]), tf.tensor2d([[0]])], 0.1);
    expect(
      value(
        predict.run([
          tf.tensor2d([
            [1, 0],
            [0, 1],
          ]),
        ]),
      ).length,
    ).toBe(2);
    expect(program.steps).toBe(2);
  });

  test("keeps what was cloned from a variable before a step", () => {
    const { train, w } = line({ mode });
    train.run([x(), y()], 0.1);
    const before = w.clone();
    const values = [...w.dataSync()];
    train.run([x(), y()], 0.1);
    expect([...before.dataSync()]).toEqual(values);
    expect([...w.dataSync()]).not.toEqual(values);
  });

  test("takes a value that a variable is given between steps", () => {
    const { predict, train, w } = line({ mode });
    train.run([x(), y()], 0.1);
    w.assign(tf.tensor2d([[5], [6]]));
    expect(value(predict.run([x()]))).toEqual([5, 6, 11]);
    train.run([x(), y()], 0);
    expect([...w.dataSync()]).toEqual([5, 6]);
  });

  test("goes on from its state as if it had never stopped", () => {
    const options = { mode, optimizer: { kind: "adam" }, seed: 5 } as const;
    const unbroken = line(options);
    for (let step = 0; step < 6; step++) unbroken.train.run([x(), y()], 0.1);
    const first = line(options);
    for (let step = 0; step < 3; step++) first.train.run([x(), y()], 0.1);
    const state = [...first.program.state()];
    const second = line(options);
    second.program.restore(state);
    second.program.steps = first.program.steps;
    for (let step = 3; step < 6; step++) second.train.run([x(), y()], 0.1);
    expect([...second.w.dataSync()]).toEqual([...unbroken.w.dataSync()]);
  });

  test("refuses a state that does not fit", () => {
    const { program } = line({ mode });
    const entry = { slot: "weights", index: 0, shape: [3, 1], values: Float32Array.of(1, 2, 3) };
    expect(() => program.restore([entry])).toThrow("no weights of shape [3,1] for its variable 0");
  });

  test("draws new random numbers with each step, and the same for the same seed and step", () => {
    const draws = (seed: number) => {
      const { w, program } = line({ mode, seed });
      const noisy = program.training(() => [tf.mean(tf.mul(uniform([2, 1]), w)) as tf.Scalar, uniform([3])]);
      const drawn: number[][] = [];
      for (let step = 0; step < 2; step++) {
        const [, numbers] = noisy.run([], 0);
        drawn.push([...(numbers?.dataSync() ?? [])]);
      }
      return drawn;
    };
    const [first, again, other] = [draws(1), draws(1), draws(2)];
    expect(first).toEqual(again);
    expect(first[0]).not.toEqual(first[1]);
    expect(first).not.toEqual(other);
  });

  test("drops the share of elements that it is asked to", () => {
    const { program, w } = line({ mode });
    const drop = program.training(() => [tf.sum(w) as tf.Scalar, dropout(tf.ones([100, 100]), 0.3)]);
    const [, kept] = drop.run([], 0);
    const values = [...(kept?.dataSync() ?? [])];
    expect(values.filter((number) => number === 0).length / 10_000).toBeCloseTo(0.3, 1);
    expect(Math.max(...values)).toBeCloseTo(1 / 0.7, 5);
  });

  test("assigns what the function assigns, such as moving averages", () => {
    const average = tf.variable(tf.scalar(0), false);
    const { w } = line({ mode });
    const program = compile({ variables: [w, average], optimizer: { kind: "sgd" }, mode });
    programs.push(program);
    const step = program.training((input) => {
      average.assign(tf.add(tf.mul(average, 0.5), tf.mul(tf.mean(input as tf.Tensor), 0.5)));
      return [tf.sum(tf.mul(w, tf.mean(input as tf.Tensor))) as tf.Scalar];
    });
    step.run([tf.tensor1d([4])], 0);
    step.run([tf.tensor1d([8])], 0);
    expect(average.dataSync()[0]).toBe(5);
  });
});

describe("a graph", () => {
  test("is fed with a tensor from outside", () => {
    const scale = tf.scalar(10);
    const { program, w } = line();
    const scaled = program.inference(() => [tf.mul(w, scale)]);
    expect(value(scaled.run([]))).toEqual([10, 20]);
    scale.dispose();
    expect(() => scaled.run([])).toThrow("has been disposed");
  });

  test("refuses a variable that is not among the program's", () => {
    const other = tf.variable(tf.scalar(2), true, "other");
    const { program, w } = line();
    const wrong = program.inference(() => [tf.mul(w, other)]);
    expect(() => wrong.run([])).toThrow("uses the variable other, which is not among the program's");
  });

  test("refuses to let data decide what is computed", () => {
    const { program, w } = line();
    const branching = program.inference((input) => {
      const positive = (input?.dataSync()[0] ?? 0) > 0;
      return [positive ? w : tf.neg(w)];
    }, "the branching function");
    expect(() => branching.run([tf.scalar(1)])).toThrow(
      "the branching function can't become a graph: it reads a tensor's data",
    );
  });

  test("refuses results whose size depends on data", () => {
    const { program } = line();
    const uneven = program.inference((input) => [
      native.executeSingleOutput("Where", [boolean()], [tf.greater(input as tf.Tensor, 0)]),
    ]);
    expect(() => uneven.run([tf.tensor1d([1, 0])])).toThrow("the size of the result of Where depends on data");
  });

  test("refuses random numbers of JavaScript", () => {
    const { program, w } = line();
    const noisy = program.training(() => [tf.sum(tf.dropout(w, 0.5)) as tf.Scalar]);
    expect(() => noisy.run([], 0.1)).toThrow("draws random numbers that would never change");
  });

  test("refuses to assign a variable outside training", () => {
    const { program, w } = line();
    const assigning = program.inference(() => [w.assign(tf.zeros([2, 1])) ?? w]);
    expect(() => assigning.run([])).toThrow("assigns a variable");
    expect([...w.dataSync()]).toEqual([1, 2]);
  });

  test("is traced once for each shape of its inputs", () => {
    const { program, w } = line();
    let traced = 0;
    const counted = program.inference((input) => {
      traced += 1;
      return [tf.matMul(input as tf.Tensor2D, w as tf.Tensor2D)];
    });
    counted.prepare([{ shape: [3, 2], dtype: "float32" }], [{ shape: [1, 2], dtype: "float32" }]);
    for (const rows of [3, 1, 3, 2, 2]) counted.run([tf.ones([rows, 2])]);
    expect(traced).toBe(3);
  });

  test("leaves the variables with their weights, and no session, when its program is disposed", () => {
    const sessions = native.binding.getNumOfSavedModels();
    const { program, train, w } = line();
    train.run([x(), y()], 0.1);
    const weights = [...w.dataSync()];
    expect(native.binding.getNumOfSavedModels()).toBe(sessions + 1);
    program.dispose();
    expect(native.binding.getNumOfSavedModels()).toBe(sessions);
    expect([...w.dataSync()]).toEqual(weights);
  });

  test("repeats bit for bit from the same weights and seed", () => {
    const batch = tf.randomUniform([16, 12, 12, 3], 0, 1, "float32", 1);
    const wanted = tf.oneHot(
      tf.tensor1d(
        Array.from({ length: 16 }, (_, row) => row % 4),
        "int32",
      ),
      4,
    );
    const weightsAfterSteps = () => {
      const kernel = tf.variable(tf.randomNormal([3, 3, 3, 32], 0, 0.1, "float32", 2));
      const dense = tf.variable(tf.randomNormal([6 * 6 * 32, 4], 0, 0.1, "float32", 3));
      const variables = [kernel, dense];
      const program = compile({ variables, optimizer: { kind: "adam" }, clipNorm: 1, seed: 9 });
      programs.push(program);
      const step = program.training((x, y) => {
        const map = tf.relu(tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, "same"));
        const flat = tf.reshape(dropout(tf.maxPool(map, 2, 2, "same"), 0.2), [16, -1]) as tf.Tensor2D;
        return [tf.mean(softmaxCrossEntropy(y as tf.Tensor2D, tf.matMul(flat, dense as tf.Tensor2D))) as tf.Scalar];
      });
      for (let count = 0; count < 10; count++) tf.dispose(step.run([batch, wanted], 0.01));
      return variables.map((variable) => Buffer.from(variable.dataSync<"float32">().buffer).toString("base64"));
    };
    expect(weightsAfterSteps()).toEqual(weightsAfterSteps());
  });

  test("does not grow while it runs", () => {
    const big = tf.variable(tf.ones([1000, 1000]));
    const program = compile({ variables: [big], optimizer: { kind: "adam" } });
    programs.push(program);
    const step = program.training((input) => [
      tf.mean(tf.square(tf.matMul(input as tf.Tensor2D, big as tf.Tensor2D))) as tf.Scalar,
    ]);
    const input = tf.ones([8, 1000]);
    const run = (times: number) => {
      for (let count = 0; count < times; count++) tf.dispose(step.run([input], 0.01));
    };
    run(20);
    const [tensors, handles, bytes] = [
      tf.memory().numTensors,
      native.binding.getNumOfTensors(),
      process.memoryUsage().rss,
    ];
    run(200);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(native.binding.getNumOfTensors()).toBe(handles);
    expect(process.memoryUsage().rss - bytes).toBeLessThan(16e6); // weights and slots are 12 MB
  });

  test("gives its memory back, program after program", () => {
    const once = () => {
      const big = tf.tidy(() => tf.variable(tf.ones([1000, 1000])));
      const program = compile({ variables: [big], optimizer: { kind: "adam" } });
      const step = program.training(() => [tf.mean(tf.square(big)) as tf.Scalar]);
      for (let count = 0; count < 3; count++) tf.dispose(step.run([], 0.01));
      program.dispose();
      big.dispose();
    };
    for (let count = 0; count < 5; count++) once();
    const [tensors, handles, bytes] = [
      tf.memory().numTensors,
      native.binding.getNumOfTensors(),
      process.memoryUsage().rss,
    ];
    for (let count = 0; count < 15; count++) once();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(native.binding.getNumOfTensors()).toBe(handles);
    expect(process.memoryUsage().rss - bytes).toBeLessThan(60e6); // fifteen programs kept would be 180 MB
  });
});

const boolean = () => ({ name: "T", type: native.binding.TF_ATTR_TYPE, value: native.getDTypeInteger("bool") });
