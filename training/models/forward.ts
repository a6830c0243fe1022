import * as tf from "@tensorflow/tfjs-core";
import type { layers, Sequential } from "@tensorflow/tfjs-layers";
import { dropout } from "#training/graph/random.ts";
import { normalizeBatch } from "./batch-norm.ts";

type Layer = layers.Layer;

/** The model's answer before its closing softmax, in inference: nothing is random, and batches do not count. */
export function forward(model: Sequential, inputs: tf.Tensor): tf.Tensor {
  return chain(model).reduce((value, layer) => layer.apply(value, { training: false }) as tf.Tensor, inputs);
}

/**
 * The model's answer before its closing softmax, in training. Dropout draws from the random numbers of the program that it
 * runs in, and batch normalisation changes its moving averages.
 */
export function forwardInTraining(model: Sequential, inputs: tf.Tensor): tf.Tensor {
  return chain(model).reduce(applyInTraining, inputs);
}

function chain(model: Sequential): Layer[] {
  return model.layers.slice(0, -1);
}

function applyInTraining(value: tf.Tensor, layer: Layer): tf.Tensor {
  switch (layer.getClassName()) {
    case "Dropout":
      return dropout(value, Number(layer.getConfig()["rate"]));
    case "BatchNormalization":
      return normalize(value as tf.Tensor4D, layer);
    default:
      return layer.apply(value, { training: true }) as tf.Tensor;
  }
}

/** What the layer itself does in training, by a faster kernel; and without scale and offset, where tfjs' own fails. */
function normalize(value: tf.Tensor4D, layer: Layer): tf.Tensor {
  const weight = (name: string) => layer.weights.find(({ originalName }) => originalName.endsWith(`/${name}`));
  const width = value.shape[3];
  const { momentum, epsilon } = layer.getConfig() as { momentum: number; epsilon: number };
  const scale = (weight("gamma")?.read() ?? tf.ones([width])) as tf.Tensor1D;
  const offset = (weight("beta")?.read() ?? tf.zeros([width])) as tf.Tensor1D;
  const { y, mean, variance } = normalizeBatch(value, { scale, offset, epsilon });
  for (const [name, measured] of [["moving_mean", mean] as const, ["moving_variance", variance] as const]) {
    const moving = weight(name);
    const before = moving?.read();
    if (!moving || !before) throw new Error(`the layer ${layer.name} keeps no ${name}`);
    moving.write(tf.add(before, tf.mul(tf.sub(measured, before), 1 - momentum)));
  }
  return y;
}
