import { execFile } from "node:child_process";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { prepareIris, weightsDigest } from "#test/parts/iris-training.ts";
import { startBackend } from "#training/backend.ts";
import { logitsOf } from "#training/models/logits.ts";
import { createShuffle } from "#training/train/shuffle.ts";
import { tally } from "#training/train/tally.ts";
import { type EpochEvent, train } from "#training/train/train.ts";

beforeAll(() => startBackend("js", { tiny: true }));

type Prepared = Awaited<ReturnType<typeof prepareIris>>;

async function run({ model, data, training }: Prepared, signal?: AbortSignal): Promise<EpochEvent[]> {
  const events: EpochEvent[] = [];
  for await (const event of train(model, data, { training, signal })) events.push(event);
  return events;
}

async function validationLoss({ model, data }: Prepared): Promise<number> {
  const labels = Array.from({ length: data.validation.length }, (_, index) => data.validation.label(index));
  const { loss, rows } = tally(await logitsOf(model, data.validation), labels);
  return loss / rows;
}

describe.each(["softmax", "mlp"] as const)("%s", (architecture) => {
  test("the same seed gives the same curves and the same weights, bit for bit; another seed others", async () => {
    const outcomes = await Promise.all(
      [7, 7, 8].map(async (seed) => {
        const iris = await prepareIris(architecture, { seed, epochs: 12 });
        const points = (await run(iris)).map(({ point: { seconds: _, ...point } }) => point);
        return { points, weights: weightsDigest(iris.model) };
      }),
    );
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]?.weights).not.toBe(outcomes[0]?.weights);
  });

  test.each(["js", "wasm"])("processes of their own give the same weights on %s", async (device) => {
    const script = join(import.meta.dirname, "iris-weights.ts");
    const runs = [1, 2].map(() => promisify(execFile)(process.execPath, [script, device, architecture, "7"]));
    const [one, other] = await Promise.all(runs);
    expect(one?.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(other?.stdout).toBe(one?.stdout);
    expect(one?.stderr).toBe("");
  });

  test("training ends when patience is out and leaves the weights of the best epoch", async () => {
    const iris = await prepareIris(architecture, { learningRate: 0.3, patience: 5, epochs: 500 });
    const events = await run(iris);
    const losses = events.map(({ point }) => point.validationLoss);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(events.at(-1)).toMatchObject({ end: "patience", bestEpoch: best });
    expect(events).toHaveLength(best + 5);
    expect(events.slice(0, -1).every(({ end }) => end === undefined)).toBe(true);
    for (const [index, event] of events.entries()) {
      expect(event.point.epoch).toBe(index + 1);
      expect(event.best).toBe(losses.slice(0, index).every((loss) => loss > event.point.validationLoss));
    }
    expect(await validationLoss(iris)).toBe(Math.min(...losses));
  });

  test("without patience running out it ends after the last epoch", async () => {
    const events = await run(await prepareIris(architecture, { epochs: 3 }));
    expect(events.map(({ end }) => end)).toEqual([undefined, undefined, "epochs"]);
  });

  test.each(["adam", "sgd"] as const)("%s brings the loss down, and no tensor is left behind", async (optimizer) => {
    const iris = await prepareIris(architecture, { optimizer, l2: 0.001, epochs: 5 });
    const before = tf.memory().numTensors;
    const events = await run(iris);
    expect(events.at(-1)?.point.loss).toBeLessThan((events[0]?.point.loss ?? 0) * 0.9);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test("a caller that breaks off gets the best epoch's weights, and its tensors back", async () => {
  const iris = await prepareIris("softmax", { learningRate: 0.3, epochs: 500, patience: 100 });
  const before = tf.memory().numTensors;
  let lowest = Infinity;
  for await (const { point } of train(iris.model, iris.data, { training: iris.training })) {
    lowest = Math.min(lowest, point.validationLoss);
    if (point.validationLoss > lowest) break;
  }
  expect(await validationLoss(iris)).toBe(lowest);
  expect(tf.memory().numTensors).toBe(before);
});

test("between two epochs the model holds the weights of the epoch that has ended", async () => {
  const iris = await prepareIris("softmax", { learningRate: 0.3, epochs: 4 });
  for await (const { point } of train(iris.model, iris.data, { training: iris.training })) {
    expect(await validationLoss(iris)).toBe(point.validationLoss);
  }
});

test("an aborted signal ends training with its reason, and timers have their turn meanwhile", async () => {
  const iris = await prepareIris("softmax", { epochs: 100_000, patience: 100_000 });
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  let turns = 0;
  const counting = (async () => {
    while (!controller.signal.aborted) {
      await setImmediate();
      turns += 1;
    }
  })();
  setTimeout(() => controller.abort(new Error("stopped by a person")), 200);
  await expect(run(iris, controller.signal)).rejects.toThrow("stopped by a person");
  await counting;
  expect(turns).toBeGreaterThan(3);
  expect(tf.memory().numTensors).toBe(before);
});

test("a loss that is not a number ends training with what to change", async () => {
  const iris = await prepareIris("mlp", { learningRate: 1e30, optimizer: "sgd" });
  const before = tf.memory().numTensors;
  const error = await run(iris).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BadInputError);
  expect(String(error)).toMatch(/training diverged in epoch \d+: .* lower training.learningRate, now 1e\+30/);
  expect(tf.memory().numTensors).toBe(before);
});

test("a shuffle has every index once, and each pass another order", () => {
  const shuffle = createShuffle(50, 3);
  const orders = [shuffle(), shuffle()];
  for (const order of orders)
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(orders[1]).not.toEqual(orders[0]);
  expect(createShuffle(50, 3)()).toEqual(orders[0]);
  expect(createShuffle(50, 4)()).not.toEqual(orders[0]);
  expect(createShuffle(0, 3)()).toEqual([]);
});
