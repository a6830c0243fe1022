import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { prepareIris } from "#test/parts/iris-training.ts";
import { runOracle } from "#test/parts/python.ts";
import { startBackend } from "#training/backend.ts";
import type { Examples } from "#training/data/dataset.ts";
import type { Role } from "#training/data/roles.ts";
import { classificationMetrics } from "#training/metrics.ts";
import { calibrate } from "#training/models/calibrate.ts";
import { foldScaling } from "#training/models/scaling.ts";
import { predict } from "#training/predict.ts";
import { train } from "#training/train/train.ts";

const seeds = Array.from({ length: 10 }, (_, index) => index);
const salt = (seed: number) => `split ${seed}`;
const l2 = 0.01;
const Oracle = z.object({
  accuracies: z.array(z.number()).length(seeds.length),
  kernel: z.array(z.number()).length(12),
});
let oracle: z.infer<typeof Oracle>;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function everything(examples: Examples<Role>) {
  const { inputs, labels } = await examples.read(Array.from({ length: examples.length }, (_, index) => index));
  return { inputs, labels: [...labels] };
}

beforeAll(async () => {
  await startBackend("js", { tiny: true });
  const splits = seeds.map(async (seed) => {
    const { dataset } = await prepareIris("softmax", { salt: salt(seed) });
    const rows = async (examples: Examples<Role>) => {
      const { inputs, labels } = await everything(examples);
      return { labels, inputs: labels.map((_, row) => [...inputs.subarray(row * 4, row * 4 + 4)]) };
    };
    return { train: await rows(dataset.train), test: await rows(dataset.test) };
  });
  const script = "test/training/train/logistic-regression.py";
  oracle = Oracle.parse(await runOracle(script, { splits: await Promise.all(splits), l2 }));
});

test.each(["softmax", "mlp"] as const)(
  "over ten seeds %s is at most two points from scikit-learn's logistic regression",
  async (architecture) => {
    const accuracies: number[] = [];
    for (const seed of seeds) {
      const { model, data, dataset, scaling, training } = await prepareIris(architecture, { seed, salt: salt(seed) });
      for await (const { point } of train(model, data, { training })) expect(point.loss).toBeLessThan(5);
      await calibrate(model, data.validation);
      foldScaling(model, scaling);
      const { labels } = await everything(dataset.test);
      accuracies.push(classificationMetrics(labels, await predict(model, dataset.test), dataset.classes).accuracy);
      model.dispose();
    }
    expect(mean(oracle.accuracies)).toBeGreaterThan(0.9);
    expect(Math.abs(mean(accuracies) - mean(oracle.accuracies))).toBeLessThanOrEqual(0.02);
  },
);

test("with l2, whole-batch training ends at the weights that scikit-learn's solver finds", async () => {
  const knobs = { l2, epochs: 600, patience: 600, batchSize: 150 };
  const { model, data, training } = await prepareIris("softmax", { salt: salt(0), ...knobs });
  let kernel: number[] = [];
  for await (const { end } of train(model, data, { training })) {
    if (end) kernel = [...(model.getWeights()[0]?.dataSync() ?? [])]; // before the best epoch's weights come back
  }
  expect(kernel).toHaveLength(oracle.kernel.length);
  for (const [index, weight] of kernel.entries()) expect(weight).toBeCloseTo(oracle.kernel[index] ?? Number.NaN, 3);
});
