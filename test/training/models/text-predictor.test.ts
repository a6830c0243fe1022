import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { startNative } from "#test/parts/native.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { startBackend } from "#training/backend.ts";
import { createTextPredictor } from "#training/models/text-predictor.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { transformer } from "#training/models/transformer/transformer.ts";
import { openCheckpoint } from "#training/pretrained/files.ts";
import { packedShapes } from "#training/text/packing.ts";

const maxTokens = 32;
const shapes = packedShapes(9, { maxTokens, rows: 3 });
const lengths = [5, 32, 7, 1, 12, 20, 9, 16, 3];
const texts = lengths.map((length, text) =>
  Float32Array.from({ length: maxTokens }, (_, at) => (at < length ? 1 + ((7 * text + 3 * at) % 20) : -1)),
);
const joined = (rows: readonly Float32Array[]) => Float32Array.from(rows.flatMap((row) => [...row]));

async function smallModel(kind: "bert" | "distilbert") {
  await using folder = await temporaryFolder();
  await writeSmallCheckpoint(folder.path, kind);
  const pretrained = parseCheckpoint(await openCheckpoint(folder.path, { root: ".", info: () => undefined }));
  return transformer(pretrained, { classes: 3, maxTokens, frozen: { embeddings: false, blocks: 0 }, seed: 3 });
}

type Batch = readonly number[]; // numbers of texts
const batches: readonly Batch[] = [[0], [1], [3], [0, 2], [0, 1, 2, 3, 4], [5, 4, 6, 8, 7], [1, 1, 1], [8, 8, 8, 8, 8]];

test.each([
  ["bert", "native", true],
  ["bert", "native", false],
  ["distilbert", "native", true],
  ["bert", "js", false],
] as const)(
  "texts of one batch get the answers that the model gives to each alone: %s, %s, rows apart: %s",
  async (kind, backend, apart) => {
    if (backend === "native") await startNative();
    else await startBackend("js", { tiny: true });
    const model = await smallModel(kind);
    const before = tf.memory().numTensors;
    const predictor = createTextPredictor(model, shapes, { apart });
    const alone = texts.map((text) =>
      tf.tidy(() => (model.predict(tf.tensor(text, [1, maxTokens])) as tf.Tensor).dataSync()),
    );
    expect(new Set(alone.flatMap((answer) => [...answer])).size).toBeGreaterThan(20);
    for (const batch of batches) {
      const answers = predictor.predict(joined(batch.map((text) => texts[text] ?? new Float32Array())), batch.length);
      const expected = batch.flatMap((text) => [...(alone[text] ?? [])]);
      expect(answers).toHaveLength(expected.length);
      for (const [at, value] of answers.entries()) expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 5);
    }
    expect(predictor.timings.map(({ size }) => size)).toEqual([16, 32, 64, 96]);
    for (const { ms } of predictor.timings) expect(ms).toBeGreaterThan(0);
    predictor.dispose();
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  },
);

test("rows of another width, and texts that find no room together, are refused", async () => {
  await startNative();
  const model = await smallModel("bert");
  const predictor = createTextPredictor(model, shapes, { apart: true });
  expect(() => predictor.predict(new Float32Array(10), 1)).toThrow("10 values for 1 rows: the model takes 32 a row");
  const four = joined(Array.from({ length: 4 }, () => texts[1] ?? new Float32Array()));
  expect(() => predictor.predict(four, 4)).toThrow("texts of 32, 32, 32, 32 tokens are more than a batch");
  predictor.dispose();
  model.dispose();
});
