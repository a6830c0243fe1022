import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { startNative } from "#test/parts/native.ts";
import { compile } from "#training/graph/compile.ts";
import { softmaxCrossEntropy } from "#training/graph/fused.ts";

// CPU and wall milliseconds of a training step and of inference, and peak memory; cnn.py is the same network in Keras
await startNative();
const convolution = { kernelSize: 3, padding: "same", activation: "relu" } as const;
const model = sequential({
  layers: [
    layers.conv2d({ inputShape: [32, 32, 3], filters: 32, ...convolution }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.conv2d({ filters: 64, ...convolution }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.conv2d({ filters: 64, ...convolution }),
    layers.flatten(),
    layers.dense({ units: 64, activation: "relu" }),
    layers.dense({ units: 10 }),
  ],
});
const program = compile({
  variables: model.weights.map((weight) => weight.read() as tf.Variable),
  optimizer: { kind: "adam" },
});
const train = program.training((images, labels) => {
  const logits = model.apply(images as tf.Tensor, { training: true }) as tf.Tensor2D;
  return [tf.mean(softmaxCrossEntropy(labels as tf.Tensor2D, logits)) as tf.Scalar, logits];
});
const predict = program.inference((images) => [tf.softmax(model.apply(images as tf.Tensor) as tf.Tensor2D)]);
const pixels = Float32Array.from({ length: 64 * 32 * 32 * 3 }, (_, place) => (place * 0.618) % 1);
const wanted = Float32Array.from({ length: 640 }, (_, place) => Number(place % 10 === Math.floor(place / 10) % 10));

/** As a training loop does: tensors are made of the batch's numbers, the results are read. */
function step(): void {
  const inputs = [tf.tensor(pixels, [64, 32, 32, 3]), tf.tensor(wanted, [64, 10])];
  const results = train.run(inputs, 1e-3);
  for (const result of results) result.dataSync();
  tf.dispose([inputs, results]);
}

function infer(rows: number): void {
  const inputs = [tf.tensor(pixels.subarray(0, rows * 3072), [rows, 32, 32, 3])];
  const results = predict.run(inputs);
  for (const result of results) result.dataSync();
  tf.dispose([inputs, results]);
}

function measure(run: () => void, times: number): { cpu: number; wall: number } {
  for (let count = 0; count < 4; count++) run();
  const walls: number[] = [];
  const before = process.cpuUsage();
  for (let count = 0; count < times; count++) {
    const start = performance.now();
    run();
    walls.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1000 / times, wall: Math.min(...walls) };
}

const figures = {
  step: measure(step, 40),
  "infer-64": measure(() => infer(64), 40),
  "infer-1": measure(() => infer(1), 300),
};
console.log(JSON.stringify({ ...figures, memory: process.resourceUsage().maxRSS / 1024 }));
