import * as tf from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Training } from "#config/schema.ts";
import type { Batch } from "#training/data/dataset.ts";
import { compile } from "#training/graph/compile.ts";
import { softmaxCrossEntropy } from "#training/graph/fused.ts";
import type { Optimizer } from "#training/graph/optimizer.ts";
import type { Program } from "#training/graph/program.ts";
import { forward, forwardInTraining } from "#training/models/forward.ts";
import { inputsOf, type Predict } from "#training/models/logits.ts";

/** What the loop computes with. It owns the optimizer's state; the weights stay the model's. */
export interface Step {
  /** Changes the weights by one batch and returns the logits from before. */
  fit(batch: Batch, learningRate: number): Float32Array;
  /** Changes nothing yet: the next `fit` is by the mean gradient of both. */
  gather(batch: Batch): Float32Array;
  predict: Predict;
  /** Weights, optimizer slots and the count of updates. */
  program: Program;
  dispose(): void;
}

/**
 * Trains on the mean cross-entropy of the batch, plus l2 times the sum of squared kernels: as a TensorFlow graph on the
 * native backend, operation by operation elsewhere.
 */
export function createStep(model: Sequential, training: Training): Step {
  const { accumulation, clipNorm, l2, labelSmoothing, seed } = training;
  const variables = model.weights.map((weight) => weight.read() as tf.Variable);
  const kernels = variables.filter(({ shape }) => shape.length > 1); // and embeddings; what is left out are biases and scales
  const optimizer = optimizerOf(training, new Set(kernels));
  const program = compile({
    ...{ variables, optimizer, seed },
    accumulates: accumulation > 1,
    ...(clipNorm !== undefined && { clipNorm }),
  });

  const fit = program.training((inputs, wanted) => {
    const logits = forwardInTraining(model, inputs as tf.Tensor);
    const entropy = tf.mean<tf.Scalar>(softmaxCrossEntropy(wanted as tf.Tensor2D, logits as tf.Tensor2D));
    if (l2 === 0) return [entropy, logits];
    const squares = kernels.map((kernel) => tf.sum(tf.square(kernel)));
    return [tf.add<tf.Scalar>(entropy, tf.mul(tf.addN(squares), l2)), logits];
  }, "the training step");
  const predict = program.inference((inputs) => [forward(model, inputs as tf.Tensor)], "the prediction");

  const classes = model.outputs[0]?.shape.at(-1) ?? 0;
  const given = (batch: Batch) => [inputsOf(batch, model), wantedOf(batch.labels, classes, labelSmoothing)];
  return {
    fit(batch, learningRate) {
      const inputs = given(batch);
      return valuesOf(inputs, fit.run(inputs, learningRate).toReversed());
    },
    gather(batch) {
      const inputs = given(batch);
      return valuesOf(inputs, fit.gather(inputs).toReversed());
    },
    predict(batch) {
      const inputs = [inputsOf(batch, model)];
      return valuesOf(inputs, predict.run(inputs));
    },
    program,
    dispose: () => program.dispose(),
  };
}

function optimizerOf({ optimizer, momentum, weightDecay }: Training, kernels: ReadonlySet<tf.Variable>): Optimizer {
  switch (optimizer) {
    case "adam":
      return { kind: "adam" };
    case "adamw":
      return { kind: "adamw", weightDecay, decays: (variable) => kernels.has(variable) };
    case "sgd":
      return { kind: "sgd", momentum };
  }
}

/** Probabilities to aim at: one for the label, less the share that smoothing spreads. Szegedy et al. 2016, section 7. */
function wantedOf(labels: Int32Array, classes: number, smoothing: number): tf.Tensor2D {
  const values = new Float32Array(labels.length * classes).fill(smoothing / classes);
  for (const [row, label] of labels.entries()) values[row * classes + label] = 1 - smoothing + smoothing / classes;
  return tf.tensor2d(values, [labels.length, classes]);
}

/** The values of the first result; frees all tensors. */
function valuesOf(inputs: tf.Tensor[], results: tf.Tensor[]): Float32Array {
  try {
    const [first] = results;
    if (!first) throw new Error("the program gave no result");
    return first.dataSync<"float32">();
  } finally {
    tf.dispose([...inputs, ...results]);
  }
}
