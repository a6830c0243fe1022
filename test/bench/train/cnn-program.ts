import { Cifar10Data } from "#config/images.ts";
import { Training } from "#config/schema.ts";
import { startBackend } from "#training/backend.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { classificationMetrics } from "#training/metrics.ts";
import { predict } from "#training/predict.ts";
import { train } from "#training/train/train.ts";
import { buildNetwork } from "./network.ts";
import { createStages } from "./stages.ts";

// The whole program: reads CIFAR-10 under ROOT (first argument), trains EPOCHS (second) epochs with a validation after each,
// keeps the best weights, tests; cnn-program.py is the same in Keras
const [root = ".", epochs] = process.argv.slice(2);
const stages = createStages();
stages.done("Node.js and imports");
await startBackend("cpu", { tiny: false });
stages.done("TensorFlow");
const data = await loadDataset(Cifar10Data.parse({ format: "cifar10", root }));
stages.done("data");
const training = Training.parse({
  epochs: Number(epochs),
  patience: Number(epochs),
  batchSize: 64,
  learningRate: 1e-3,
});
const model = buildNetwork();
for await (const { point } of train(model, data, { training })) stages.done(`epoch ${point.epoch}`);
const { length } = data.test;
const labels = Array.from({ length }, (_, index) => data.test.label(index));
const { accuracy } = classificationMetrics(labels, await predict(model, data.test), [...data.classes]);
stages.done("test");
stages.end({ accuracy, rows: { train: data.train.length, validation: data.validation.length, test: length } });
