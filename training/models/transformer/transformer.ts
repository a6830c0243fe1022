import * as tf from "@tensorflow/tfjs-core";
import { layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { BadInputError } from "#config/bad-input.ts";
import type { NamedTensor } from "#training/checkpoint/safetensors.ts";
import { EncoderLayer, type Frozen, parameterName } from "./layer.ts";
import { headPrefix, type Parameter, parametersOf } from "./parameters.ts";
import type { Pretrained } from "./pretrained.ts";

export interface TransformerOptions {
  classes: number;
  maxTokens: number;
  frozen: Frozen;
  seed: number; // of the weights that the checkpoint lacks: the head's
}

/**
 * A classifier of rows of token ids: a pretrained encoder, and a head as Hugging Face's `ForSequenceClassification` has it.
 * @throws BadInputError when the checkpoint lacks a tensor of the encoder or has one of another shape.
 */
export function transformer(pretrained: Pretrained, options: TransformerOptions): Sequential {
  const { shape, weights, source } = pretrained;
  const { classes, maxTokens, frozen, seed } = options;
  const encoder = new EncoderLayer(shape, { frozen, inputShape: [maxTokens] });
  const classifier = layers.dense({ name: "logits", units: classes });
  const model = sequential({ name: "transformer" });
  model.add(encoder);
  model.add(classifier);
  model.add(layers.activation({ name: "probabilities", activation: "softmax" }));

  const normal = createNormal(seed, shape.deviation);
  const head = headPrefix(shape.kind);
  const find = (parameter: Pick<Parameter, "name" | "shape" | "start">, isOptional: boolean): NamedTensor => {
    const { name, shape: wanted, start } = parameter;
    const found = weights.get(name);
    if (found && found.shape.join() === wanted.join()) return found;
    if (found && !isOptional)
      throw new BadInputError(`${source.uri}: ${name} has the shape [${found.shape}], where [${wanted}] is needed`);
    if (!isOptional) throw new BadInputError(`${source.uri} lacks the tensor ${name}`);
    const values = new Float32Array(wanted.reduce((product, size) => product * size, 1));
    return { name, shape: wanted, values: start === "normal" ? values.map(normal) : values };
  };
  const tensors = new Map(
    parametersOf(shape).map((parameter) => [parameter.name, find(parameter, parameter.name.startsWith(head))]),
  );
  const kernel = find({ name: "classifier.weight", shape: [classes, shape.hidden], start: "normal" }, true);
  const bias = find({ name: "classifier.bias", shape: [classes], start: "zeros" }, true);
  tf.tidy(() => {
    encoder.setWeights(encoder.weights.map((weight) => asTensor(tensors.get(parameterName(weight)))));
    classifier.setWeights([tf.transpose(asTensor(kernel)), asTensor(bias)]);
  });
  return model;
}

function asTensor(found: NamedTensor | undefined): tf.Tensor {
  if (!found) throw new Error("the encoder has a weight that no checkpoint has");
  return tf.tensor(found.values, [...found.shape], "float32");
}

/** Normal numbers of mean 0, the same for the same seed (Box and Muller 1958). */
function createNormal(seed: number, deviation: number): () => number {
  const random = xoroshiro128plus(seed);
  const uniform = () => ((random.next() >>> 0) + 0.5) / 2 ** 32;
  return () => deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
