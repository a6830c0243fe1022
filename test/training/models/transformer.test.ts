import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Training } from "#config/schema.ts";
import { startNative } from "#test/parts/native.ts";
import { runOracle } from "#test/parts/python.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { decodeSafetensors } from "#training/checkpoint/safetensors.ts";
import { adamDefaults } from "#training/graph/optimizer.ts";
import { parameterName } from "#training/models/transformer/layer.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import { openCheckpoint } from "#training/pretrained/files.ts";
import { learningRateAt } from "#training/train/schedule.ts";
import { createStep } from "#training/train/step.ts";

const classes = 3;
const options = { classes, maxTokens: 24, frozen: { embeddings: false, blocks: 0 }, seed: 1 };
const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ..."abcdefghijklmnopqrstuvwxyz"];
const common = { vocab_size: 300, max_position_embeddings: 24 };
const configs = {
  bert: {
    ...{ model_type: "bert", hidden_size: 24, num_hidden_layers: 3, num_attention_heads: 4, intermediate_size: 40 },
    ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, ...common },
  },
  distilbert: {
    ...{ model_type: "distilbert", dim: 24, n_layers: 3, n_heads: 4, hidden_dim: 40 },
    ...{ dropout: 0, attention_dropout: 0, seq_classif_dropout: 0, ...common },
  },
};

/** Rows of 5 to 16 token ids, filled up. PyTorch never trains the embedding of id 0, which is its padding. */
const ids = Array.from({ length: 6 }, (_, row) =>
  Array.from({ length: 16 }, (_, column) =>
    column < 5 + 2 * row + Number(row === 5) ? 1 + ((row * 131 + column * 37) % 299) : -1,
  ),
);
const batch = { inputs: Float32Array.from(ids.flat()), labels: Int32Array.of(0, 1, 2, 0, 1, 2) };

const training = Training.parse({
  ...{ optimizer: "adamw", learningRate: 0.01, weightDecay: 0.5, clipNorm: 1 },
  ...{ epochs: 2, schedule: "linear", warmupEpochs: 0.5 },
});
const rates = Array.from({ length: 20 }, (_, step) => learningRateAt(step, 10, training));
const dropout = { hidden: 0.1, attention: 0.3, classifier: 0.2 };
const draws = 16_000; // of one text

interface Reference {
  logits: number[][];
  loss: number;
  losses: number[];
  dropped: { mean: number[]; covariance: number[][] };
}

const kinds = ["bert", "distilbert"] as const;
const folder = await temporaryFolder();
const folderOf = (kind: string) => join(folder.path, kind);
let references: Reference[] = [];

beforeAll(async () => {
  await startNative();
  const { weightDecay, clipNorm } = training;
  const recipe = { rates, weightDecay, clipNorm, epsilon: adamDefaults.epsilon };
  const given = { configs: kinds.map((kind) => configs[kind]), folders: kinds.map(folderOf), recipe, dropout, draws };
  const script = "test/training/models/transformer.oracle.py";
  references = (await runOracle(script, { ...given, classes, ids, labels: [...batch.labels] })) as Reference[];
  for (const kind of kinds) await writeFile(join(folderOf(kind), "vocab.txt"), vocabulary.join("\n"));
});

afterAll(async () => await folder[Symbol.asyncDispose]());

describe.each(kinds)("%s", (kind) => {
  const open = async () => parseCheckpoint(await openCheckpoint(folderOf(kind), { root: ".", info: () => undefined }));

  test("computes the logits, the loss and every gradient that PyTorch computes, in a graph and outside", async () => {
    const pretrained = await open();
    const reference = references[kinds.indexOf(kind)];
    if (!reference) throw new Error("PyTorch gave nothing");
    const model = transformer(pretrained, options);
    const before = weightsOf(model);
    const step = createStep(model, Training.parse({ optimizer: "sgd" }));
    const predicted = step.predict(batch);
    expectClose(predicted, reference.logits.flat(), 1e-4);
    const met = step.fit(batch, 1);
    expectClose(met, reference.logits.flat(), 1e-4);
    expect(lossOf(met)).toBeCloseTo(reference.loss, 4);

    const after = weightsOf(model);
    const { tensors } = decodeSafetensors(await readFile(join(folderOf(kind), "gradients.safetensors")));
    expect(tensors.map(({ name }) => name).toSorted()).toEqual([...before.keys()].toSorted());
    let largest = 0;
    for (const { name, values } of tensors) {
      const [old, now] = [before.get(name) ?? [], after.get(name) ?? []];
      const gradient = Float32Array.from(old, (value, index) => value - (now[index] ?? Number.NaN));
      expectClose(gradient, values, 1e-4, name);
      largest = Math.max(largest, ...values.map(Math.abs));
    }
    expect(largest).toBeGreaterThan(0.01);
    step.dispose();
    model.dispose();
  });

  test("meets the losses that PyTorch meets on twenty steps of AdamW, warm-up, decay and clipping included", async () => {
    const model = transformer(await open(), options);
    const step = createStep(model, training);
    const losses = rates.map((rate) => lossOf(step.fit(batch, rate)));
    expectClose(losses, references[kinds.indexOf(kind)]?.losses ?? [], 1e-4);
    expect(losses.at(-1)).toBeLessThan(0.5);
    step.dispose();
    model.dispose();
  });

  test("drops where PyTorch does: the logits of one text have the same mean and covariance", async () => {
    const pretrained = await open();
    const shape = { ...pretrained.shape, dropout };
    const model = transformer({ ...pretrained, shape }, options);
    const step = createStep(model, Training.parse({ optimizer: "sgd" }));
    const rows = draws / 8;
    const many = { inputs: Float32Array.from(Array(rows).fill(ids.at(-1)).flat()), labels: new Int32Array(rows) };
    const ours = momentsOf(Array.from({ length: 8 }, () => [...step.fit(many, 0)]).flat());
    const { dropped } = references[kinds.indexOf(kind)] ?? {};
    if (!dropped) throw new Error("PyTorch gave nothing");
    const spread = (row: number, column: number) => dropped.covariance[row]?.[column] ?? Number.NaN;
    for (const [row, mean] of dropped.mean.entries()) {
      const error = Math.sqrt((2 * spread(row, row)) / draws); // of the difference of two such means, by chance
      expect(Math.abs((ours.mean[row] ?? Number.NaN) - mean), `mean of class ${row}`).toBeLessThan(5 * error);
      for (const [column, covariance] of (ours.covariance[row] ?? []).entries()) {
        const product = spread(row, row) * spread(column, column);
        const chance = Math.sqrt((2 * (product + spread(row, column) ** 2)) / draws);
        const difference = Math.abs(covariance - spread(row, column));
        expect(difference, `covariance of classes ${row} and ${column}`).toBeLessThan(5 * chance);
      }
    }
    step.dispose();
    model.dispose();
  });

  test("trains neither frozen embeddings nor frozen blocks", async () => {
    const pretrained = await open();
    const frozen = { embeddings: true, blocks: 2 };
    const model = transformer(pretrained, { ...options, frozen });
    const before = weightsOf(model);
    const step = createStep(model, Training.parse({ optimizer: "sgd" }));
    step.fit(batch, 1);
    const after = weightsOf(model);
    const changed = [...before.keys()].filter((name) =>
      before.get(name)?.some((value, at) => value !== after.get(name)?.[at]),
    );
    expect(changed.length).toBeGreaterThan(10);
    for (const name of changed) expect(name).toMatch(/layer\.2\.|pooler|classifier/);
    step.dispose();
    model.dispose();
  });
});

/** Every weight by its name in a checkpoint, in the checkpoint's layout. */
function weightsOf(model: ReturnType<typeof transformer>): Map<string, Float32Array> {
  const [encoder, classifier] = model.layers;
  const [kernel, bias] = classifier?.getWeights() ?? [];
  if (!encoder || !kernel || !bias) throw new Error("an encoder and a classifier were expected");
  const read = (weight: tf.Tensor) => weight.dataSync<"float32">().slice();
  return new Map([
    ...encoder.weights.map((weight) => [parameterName(weight), read(weight.read())] as const),
    ["classifier.weight", read(tf.transpose(kernel))],
    ["classifier.bias", read(bias)],
  ]);
}

function momentsOf(logits: readonly number[]): Reference["dropped"] {
  const columns = Array.from({ length: classes }, (_, column) =>
    logits.filter((_, place) => place % classes === column),
  );
  const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const mean = columns.map(average);
  const centred = columns.map((values, column) => values.map((value) => value - (mean[column] ?? 0)));
  const covariance = centred.map((one) =>
    centred.map((other) => average(one.map((value, place) => value * (other[place] ?? 0)))),
  );
  return { mean, covariance };
}

function lossOf(logits: Float32Array): number {
  const losses = Array.from(batch.labels, (label, row) => {
    const answer = [...logits.subarray(row * classes, (row + 1) * classes)];
    return Math.log(answer.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (answer[label] ?? Number.NaN);
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, name = ""): void {
  expect(actual.length, name).toBe(expected.length);
  const worst = Array.from(actual, (value, index) => Math.abs(value - (expected[index] ?? Number.NaN)));
  expect(
    worst.reduce((most, error) => Math.max(most, error), 0),
    name,
  ).toBeLessThan(tolerance);
}
