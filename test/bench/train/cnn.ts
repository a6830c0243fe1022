import * as tf from "@tensorflow/tfjs-core";
import { startNative } from "#test/parts/native.ts";
import { compile } from "#training/graph/compile.ts";
import { softmaxCrossEntropy } from "#training/graph/fused.ts";
import { forward, forwardInTraining } from "#training/models/forward.ts";
import { measured } from "./measured.ts";
import { buildNetwork } from "./network.ts";

// CPU and wall milliseconds of a training step and of inference for each batch size (arguments), what a step's wall time
// goes into, and peak memory in MiB; cnn.py is the same in Keras
await startNative();
const model = buildNetwork();
const variables = model.weights.map((weight) => weight.read() as tf.Variable);
const program = compile({ variables, optimizer: { kind: "adam" } });
const train = program.training((images, labels) => {
  const logits = forwardInTraining(model, images as tf.Tensor) as tf.Tensor2D;
  return [tf.mean<tf.Scalar>(softmaxCrossEntropy(labels as tf.Tensor2D, logits)), logits];
});
const predict = program.inference((images) => [tf.softmax(forward(model, images as tf.Tensor))]);

const sizes = process.argv.slice(2).map((argument) => {
  const rows = Number(argument);
  const pixels = Float32Array.from({ length: rows * 3072 }, (_, place) => (place * 0.618) % 1);
  const wanted = Float32Array.from({ length: rows * 10 }, (_, place) =>
    Number(place % 10 === Math.floor(place / 10) % 10),
  );
  const parts = { feed: Infinity, run: Infinity, read: Infinity };

  /** As a training loop does: tensors are made of the batch's numbers, the results are read. */
  function step(): void {
    const start = performance.now();
    const inputs = [tf.tensor(pixels, [rows, 32, 32, 3]), tf.tensor(wanted, [rows, 10])];
    const fed = performance.now();
    const results = train.run(inputs, 1e-3);
    const ran = performance.now();
    for (const result of results) result.dataSync();
    tf.dispose([inputs, results]);
    parts.feed = Math.min(parts.feed, fed - start);
    parts.run = Math.min(parts.run, ran - fed);
    parts.read = Math.min(parts.read, performance.now() - ran);
  }

  function infer(): void {
    const inputs = [tf.tensor(pixels, [rows, 32, 32, 3])];
    const results = predict.run(inputs);
    for (const result of results) result.dataSync();
    tf.dispose([inputs, results]);
  }

  const times = rows > 8 ? Math.max(10, Math.floor(2560 / rows)) : 300;
  return { rows, infer: measured(infer, times), ...(rows > 1 && { step: measured(step, times), parts }) };
});
console.log(JSON.stringify({ sizes, memory: process.resourceUsage().maxRSS / 1024 }));
