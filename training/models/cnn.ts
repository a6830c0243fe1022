import { initializers, layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { BadInputError } from "#config/bad-input.ts";
import type { Training } from "#config/schema.ts";
import type { ModelShape } from "./build.ts";

const convolutions = 2; // in each stage
const momentum = 0.9; // of moving averages: epochs of some hundred steps must do to fill them

/**
 * A convolutional network of stages, each of two 3 x 3 convolutions with batch normalisation, on pixels as they come: the
 * first layer normalises colours. Between two stages sides halve; after the last, means over the picture become logits.
 * @throws BadInputError when the examples are no images, or get too small.
 */
export function cnn({ inputShape, classes }: ModelShape, training: Training): Sequential {
  const { channels, dropout, seed } = training;
  if (inputShape.length !== 3)
    throw new BadInputError("architecture cnn takes images; for tables there are softmax and mlp");
  if (Math.min(...inputShape.slice(0, 2)) < 2 ** (channels.length - 1)) {
    throw new BadInputError(
      `training.channels has ${channels.length} stages: images of ${inputShape.join(" x ")} get too small`,
    );
  }
  const model = sequential({ name: "cnn" });
  const colours = { name: "colours", center: false, scale: false, momentum, inputShape: [...inputShape] };
  model.add(layers.batchNormalization(colours));
  for (const [index, filters] of channels.entries()) {
    const stage = `stage_${index + 1}`;
    for (let number = 1; number <= convolutions; number++) {
      const kernelInitializer = initializers.heNormal({ seed: seed + index * convolutions + number });
      const convolution = { filters, kernelSize: 3, padding: "same" as const, useBias: false, kernelInitializer };
      model.add(layers.conv2d({ name: `${stage}_convolution_${number}`, ...convolution }));
      model.add(layers.batchNormalization({ name: `${stage}_normalization_${number}`, momentum }));
      model.add(layers.activation({ name: `${stage}_relu_${number}`, activation: "relu" }));
    }
    const isLast = index === channels.length - 1;
    if (!isLast) model.add(layers.maxPooling2d({ name: `${stage}_pooling`, poolSize: 2 }));
    const rate = (dropout * (index + 1)) / channels.length;
    if (rate > 0) model.add(layers.dropout({ name: `${stage}_dropout`, rate }));
  }
  model.add(layers.globalAveragePooling2d({ name: "means" }));
  model.add(layers.dense({ name: "logits", units: classes, kernelInitializer: initializers.glorotUniform({ seed }) }));
  model.add(layers.activation({ name: "probabilities", activation: "softmax" }));
  return model;
}
