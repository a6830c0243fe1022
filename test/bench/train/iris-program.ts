import { TableData, Training } from "#config/schema.ts";
import { startBackend } from "#training/backend.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { classificationMetrics } from "#training/metrics.ts";
import { buildModel } from "#training/models/build.ts";
import { measureScaling, scaled } from "#training/models/scaling.ts";
import { predict } from "#training/predict.ts";
import { train } from "#training/train/train.ts";
import { createStages } from "./stages.ts";

// The whole program: reads iris.csv under ROOT (first argument), trains EPOCHS (second) epochs with a validation after each,
// keeps the best weights, tests; iris-program.py is the same in Keras
const [root = ".", epochs] = process.argv.slice(2);
const stages = createStages();
stages.done("Node.js and imports");
await startBackend("auto", { tiny: true });
stages.done("backend");
const features = ["sepal_length", "sepal_width", "petal_length", "petal_width"].map((name) => ({ name }));
const data = await loadDataset(
  TableData.parse({ format: "table", root, path: "iris.csv", features, label: "species" }),
);
const scaling = await measureScaling(data.train);
const parts = { train: scaled(data.train, scaling), validation: scaled(data.validation, scaling) };
stages.done("data");
const training = Training.parse({
  epochs: Number(epochs),
  patience: Number(epochs),
  batchSize: 16,
  learningRate: 0.01,
});
const model = buildModel("mlp", { inputShape: data.inputShape, classes: data.classes.length }, training);
for await (const { end } of train(model, parts, { training })) if (end) stages.done("training");
const { length } = data.test;
const labels = Array.from({ length }, (_, index) => data.test.label(index));
const probabilities = await predict(model, scaled(data.test, scaling));
const { accuracy } = classificationMetrics(labels, probabilities, [...data.classes]);
stages.done("test");
stages.end({ accuracy, rows: { train: data.train.length, validation: data.validation.length, test: length } });
