import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, layers } from "@tensorflow/tfjs-layers";

type Layer = layers.Layer;

/** A model as it predicts. `forward` uses the variables and nothing else that changes. */
export interface Folded {
  readonly variables: readonly tf.Variable[];
  forward(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor;
  dispose(): void;
}

/**
 * The model with every batch normalisation that follows a convolution made part of its kernel, and a rectifier after it
 * made part of the same operation: the same answers to rounding, in a third of the operations. Models whose layers are
 * no chain stay as they are.
 */
export function fold(model: LayersModel): Folded {
  const steps = isChain(model.layers) ? foldedSteps(model.layers) : [asItIs(model)];
  return {
    variables: steps.flatMap(({ variables }) => variables),
    forward: (inputs) => steps.reduce((value, { apply }) => apply(value), inputs) as tf.Tensor,
    dispose: () => tf.dispose(steps.flatMap(({ own }) => own)),
  };
}

interface Step {
  readonly variables: readonly tf.Variable[];
  readonly own: readonly tf.Variable[]; // not the model's
  apply(value: tf.Tensor | tf.Tensor[]): tf.Tensor;
}

function foldedSteps(all: readonly Layer[]): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < all.length; ) {
    const [layer, next, second] = [all[at], all[at + 1], all[at + 2]] as [Layer, Layer?, Layer?];
    const normalization = isPlainConvolution(layer) && next?.getClassName() === "BatchNormalization" ? next : undefined;
    if (!normalization) {
      steps.push(asItIs(layer));
      at += 1;
      continue;
    }
    const isRectified = isRelu(second);
    steps.push(convolution(layer, normalization, isRectified));
    at += isRectified ? 3 : 2;
  }
  return steps;
}

function asItIs(layer: Layer | LayersModel): Step {
  const variables = layer.weights.map((weight) => weight.read() as tf.Variable);
  return { variables, own: [], apply: (value) => layer.apply(value, { training: false }) as tf.Tensor };
}

function convolution(layer: Layer, normalization: Layer, isRectified: boolean): Step {
  const { strides, padding } = layer.getConfig() as { strides: [number, number]; padding: "same" | "valid" };
  const { epsilon } = normalization.getConfig() as { epsilon: number };
  const [kernel, bias] = tf.tidy(() => {
    const [weights, offset] = layer.getWeights() as [tf.Tensor, tf.Tensor?];
    const named = (name: string) =>
      normalization.weights.find(({ originalName }) => originalName.endsWith(`/${name}`))?.read();
    const [mean, variance] = [named("moving_mean"), named("moving_variance")];
    if (!mean || !variance) throw new Error(`the layer ${normalization.name} keeps no moving averages`);
    const scale = tf.mul(tf.rsqrt(tf.add(variance, epsilon)), named("gamma") ?? 1);
    const shift = tf.add(tf.mul(tf.sub(offset ?? 0, mean), scale), named("beta") ?? 0);
    return [tf.variable(tf.mul(weights, scale), false), tf.variable(shift, false)] as const;
  });
  const options = { filter: kernel as tf.Tensor as tf.Tensor4D, bias, strides, pad: padding };
  const activation = isRectified ? ("relu" as const) : ("linear" as const);
  return {
    variables: [kernel, bias],
    own: [kernel, bias],
    apply: (value) => tf.fused.conv2d({ x: value as tf.Tensor4D, ...options, activation }),
  };
}

/** Whether the layer computes nothing but a convolution that normalisation can be made part of. */
function isPlainConvolution(layer: Layer): boolean {
  if (layer.getClassName() !== "Conv2D") return false;
  const { activation, dataFormat, dilationRate } = layer.getConfig() as Record<string, unknown>;
  const isDilated = [dilationRate].flat().some((rate) => rate !== 1);
  return activation === "linear" && dataFormat !== "channelsFirst" && !isDilated;
}

function isRelu(layer: Layer | undefined): boolean {
  return layer?.getClassName() === "Activation" && layer.getConfig()["activation"] === "relu";
}

function isChain(all: readonly Layer[]): boolean {
  return all.every((layer, at) => {
    const [node, ...reuse] = layer.inboundNodes;
    const follows = at === 0 || (node?.inboundLayers.length === 1 && node.inboundLayers[0] === all[at - 1]);
    return follows && reuse.length === 0;
  });
}
