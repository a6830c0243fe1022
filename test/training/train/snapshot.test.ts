import * as tf from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import { describe, expect, test } from "vitest";
import { Training } from "#config/schema.ts";
import { cifar10Files, loadCifar10Files } from "#test/parts/cifar10.ts";
import { loadIris, weightsDigest } from "#test/parts/iris-training.ts";
import { startNative } from "#test/parts/native.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { textData } from "#test/parts/text-data.ts";
import { startBackend } from "#training/backend.ts";
import { decodeCheckpoint, encodeCheckpoint } from "#training/checkpoint/checkpoint.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { buildModel } from "#training/models/build.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import { openCheckpoint } from "#training/pretrained/files.ts";
import { tokenized } from "#training/text/tokenized.ts";
import { createTextEncoder } from "#training/text/tokenizer.ts";
import type { Snapshot } from "#training/train/snapshot.ts";
import { type EpochEvent, type TrainingData, train } from "#training/train/train.ts";

interface Work {
  make: () => Sequential;
  data: TrainingData;
  training: Training;
}

async function iris(architecture: "softmax" | "mlp", knobs: object): Promise<Work> {
  const data = await loadIris();
  const training = Training.parse({ batchSize: 16, learningRate: 0.2, epochs: 6, ...knobs });
  const shape = { inputShape: data.inputShape, classes: data.classes.length };
  return { make: () => buildModel(architecture, shape, training), data, training };
}

async function images(): Promise<Work> {
  const data = await loadCifar10Files(cifar10Files());
  const knobs = { epochs: 3, batchSize: 16, channels: [4, 6], dropout: 0.3, optimizer: "adamw", schedule: "cosine" };
  const training = Training.parse({ ...knobs, warmupEpochs: 1, augmentation: { flip: true, shift: 4 } });
  return { make: () => buildModel("cnn", { inputShape: [32, 32, 3], classes: 10 }, training), data, training };
}

/** Texts of the sample, by a small transformer whose dropout draws, with gradients of two batches to an update. */
async function texts(folder: string): Promise<Work> {
  await writeSmallCheckpoint(folder);
  const pretrained = parseCheckpoint(await openCheckpoint(folder, { root: ".", info: () => undefined }));
  const encoder = createTextEncoder(pretrained.tokenizer, 32);
  const data = tokenized(await loadDataset(textData({ path: "sample-small" }), { root: folder }), encoder);
  const knobs = { epochs: 2, batchSize: 16, accumulation: 2, optimizer: "adamw", schedule: "linear", clipNorm: 1 };
  const training = Training.parse({ ...knobs, learningRate: 0.003 });
  const options = { classes: 4, maxTokens: 32, frozen: { embeddings: false, blocks: 1 }, seed: 5 };
  return { make: () => transformer(pretrained, options), data, training };
}

/** Trains, stopped before each of the `stops`-th batches counted over all epochs; each time another model goes on. */
async function trained({ make, data, training }: Work, stops: readonly number[] = []) {
  const points: Omit<EpochEvent["point"], "seconds">[] = [];
  let from: Snapshot | undefined;
  for (const stop of [...stops, Infinity]) {
    const model = make();
    const controller = new AbortController();
    let next = from
      ? (from.position.epoch - 1) * Math.ceil(data.train.length / training.batchSize) + from.position.batch
      : 0;
    const stopInTime = () => next >= stop && controller.abort(new Error("stopped"));
    stopInTime();
    let last: Snapshot | undefined;
    const snapshots = {
      due() {
        next += 1;
        stopInTime();
        return false;
      },
      start: () => undefined,
      async finish(snapshot: Snapshot) {
        const spent = { startedAt: new Date().toISOString(), seconds: 1, cpuSeconds: 1 };
        last = decodeCheckpoint(encodeCheckpoint({ snapshot, curves: [], spent })).snapshot;
      },
    };
    try {
      for await (const { point } of train(model, data, { training, signal: controller.signal, from, snapshots })) {
        const { seconds: _, ...rest } = point;
        points.push(rest);
      }
      return { points, digest: weightsDigest(model) };
    } catch (error) {
      if (!last) throw error;
      from = last;
    } finally {
      model.dispose();
    }
  }
  throw new Error("training never ended");
}

async function expectSame(work: Work, stops: readonly number[]): Promise<void> {
  const unbroken = await trained(work);
  const broken = await trained(work, stops);
  expect(broken.points).toEqual(unbroken.points);
  expect(broken.digest).toBe(unbroken.digest);
}

const optimizers = [
  { optimizer: "adam", l2: 0.001, clipNorm: 1 },
  { optimizer: "adamw", schedule: "cosine", warmupEpochs: 2 },
  { optimizer: "sgd", momentum: 0.9 },
  { optimizer: "sgd" },
];

describe.each([
  { backend: "js", start: () => startBackend("js", { tiny: true }), stops: [0, 5, 6, 17, 18, 29] },
  { backend: "native", start: startNative, stops: [5, 18] }, // each compiles its graph again
])("on $backend, training that is stopped and resumed", ({ start, stops }) => {
  test.each(optimizers)("ends in the same weights, bit for bit, with %o", async (knobs) => {
    await start();
    await expectSame(await iris("mlp", knobs), stops);
  });

  test("keeps the best epoch and its patience", async () => {
    await start();
    const work = await iris("softmax", { learningRate: 1, epochs: 60, patience: 4 });
    const unbroken = await trained(work);
    const { length } = unbroken.points;
    expect(length).toBeLessThan(60);
    expect(await trained(work, [length * 6 - 3])).toEqual(unbroken);
  });

  test("leaves no tensor behind", async () => {
    await start();
    const work = await iris("mlp", { optimizer: "adam" });
    const before = tf.memory().numTensors;
    await trained(work, [3, 20]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test("images, batch normalisation, dropout and augmentation go on where they were", { timeout: 60_000 }, async () => {
  await startNative();
  await expectSame(await images(), [1, 9]);
});

test("texts of like length, dropout, frozen blocks and gathered gradients go on where they were", async () => {
  await startNative();
  await using folder = await temporaryFolder();
  await expectSame(await texts(folder.path), [5]);
});

test("a snapshot of another model is refused", async () => {
  await startBackend("js", { tiny: true });
  const { training, data, make } = await iris("softmax", {});
  const position = { epoch: 1, batch: 0, steps: 0, seconds: 0 };
  const met = { rows: 0, loss: 0, right: 0, learningRate: 0.1 };
  const state = [{ slot: "weights", index: 0, shape: [9, 9], values: new Float32Array(81) }];
  const events = train(make(), data, { training, from: { position: { ...position, met }, state } });
  await expect(events.next()).rejects.toThrow("no weights of shape [9,9]");
});
