import * as tf from "@tensorflow/tfjs-core";
import type { Sequential } from "@tensorflow/tfjs-layers";
import type { Training } from "#config/schema.ts";
import type { Batch } from "#training/data/dataset.ts";
import { createPredict, forward, inputsOf, type Predict } from "#training/models/logits.ts";

/** What the loop computes with. It owns the optimizer's state; the weights stay the model's. */
export interface Step {
  /** Changes the weights by one batch and returns the logits from before. */
  fit: Predict;
  predict: Predict;
  dispose(): void;
}

/** Runs each operation as it comes: the mean cross-entropy of the batch, plus l2 times the sum of squared kernels. */
export function createEagerStep(model: Sequential, training: Training): Step {
  const optimizer =
    training.optimizer === "adam" ? tf.train.adam(training.learningRate) : tf.train.sgd(training.learningRate);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const kernels = variables.filter((_, index) => model.trainableWeights[index]?.originalName.endsWith("/kernel"));

  const fit = (batch: Batch): Float32Array => {
    const logits: tf.Tensor[] = [];
    const loss = (): tf.Scalar => {
      const output = forward(model, inputsOf(batch, model), { training: true });
      logits.push(tf.keep(output));
      const right = tf.mul(tf.logSoftmax(output), oneHot(batch.labels, output.shape[1] ?? 0));
      const entropy = tf.div<tf.Scalar>(tf.sum(right), -batch.labels.length);
      if (training.l2 === 0) return entropy;
      const squares = kernels.map((kernel) => tf.sum(tf.square(kernel)));
      return tf.add(entropy, tf.mul(tf.addN(squares), training.l2));
    };
    return tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, variables);
      optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      const [output] = logits;
      if (output === undefined) throw new Error("the loss was not computed");
      const values = output.dataSync<"float32">();
      output.dispose();
      return values;
    });
  };
  return { fit, predict: createPredict(model), dispose: () => optimizer.dispose() };
}

function oneHot(labels: Int32Array, classes: number): tf.Tensor2D {
  const values = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) values[row * classes + label] = 1;
  return tf.tensor2d(values, [labels.length, classes]);
}
