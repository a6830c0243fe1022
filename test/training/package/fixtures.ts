import { randomUniform, tidy } from "@tensorflow/tfjs-core";
import { input, type LayersModel, layers, model, sequential } from "@tensorflow/tfjs-layers";
import { Training } from "#config/schema.ts";
import { buildModel } from "#training/models/build.ts";
import type { PackageContents } from "#training/package/write.ts";

const classes = ["setosa", "versicolor", "virginica"];

export const architectures = {
  softmax: () =>
    sequential({
      layers: [
        layers.dense({ units: 3, inputShape: [4], name: "logits" }),
        layers.activation({ activation: "softmax", name: "probabilities" }),
      ],
    }),
  mlp: () =>
    sequential({
      layers: [
        layers.dense({ units: 16, activation: "relu", inputShape: [4], kernelInitializer: "heNormal" }),
        layers.dense({ units: 8, activation: "tanh" }),
        layers.dense({ units: 3, activation: "softmax" }),
      ],
    }),
  cnn: () =>
    sequential({
      layers: [
        layers.conv2d({ filters: 6, kernelSize: 3, padding: "same", activation: "relu", inputShape: [12, 12, 3] }),
        layers.batchNormalization(),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, useBias: false }),
        layers.batchNormalization(),
        layers.reLU(),
        layers.averagePooling2d({ poolSize: 2 }),
        layers.dropout({ rate: 0.25 }),
        layers.flatten(),
        layers.dense({ units: 3, activation: "softmax", kernelRegularizer: "l1l2" }),
      ],
    }),
  cifar10: () =>
    buildModel("cnn", { inputShape: [32, 32, 3], classes: 3 }, Training.parse({ channels: [4, 6], dropout: 0.2 })),
  residual: () => {
    const image = input({ shape: [8, 8, 3] });
    const wide = layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }).apply(image);
    const deep = layers
      .depthwiseConv2d({ kernelSize: 3, padding: "same" })
      .apply(layers.batchNormalization().apply(wide));
    const sum = layers.add().apply([wide, deep] as Parameters<ReturnType<typeof layers.add>["apply"]>[0]);
    const both = layers
      .concatenate()
      .apply([
        layers.globalAveragePooling2d({}).apply(sum),
        layers.globalMaxPooling2d({}).apply(layers.zeroPadding2d({ padding: 1 }).apply(deep)),
      ] as Parameters<ReturnType<typeof layers.concatenate>["apply"]>[0]);
    const logits = layers.dense({ units: 3 }).apply(both);
    const probabilities = layers.softmax().apply(logits);
    return model({ inputs: image, outputs: probabilities as ReturnType<typeof input> });
  },
};

/** A model whose every weight, moving averages too, is drawn from `seed`. */
export function seededModel(architecture: keyof typeof architectures, seed = 1): LayersModel {
  const built: LayersModel = architectures[architecture]();
  tidy(() => {
    const weights = built.getWeights().map((weight, index) => {
      const isVariance = built.weights[index]?.originalName.endsWith("moving_variance");
      return randomUniform(weight.shape, isVariance ? 0.5 : -0.5, isVariance ? 1.5 : 0.5, "float32", seed + index);
    });
    built.setWeights(weights);
  });
  return built;
}

/** What goes into a package of `model`, with an input example of `rows` rows between 0 and 1. */
export function contentsOf(model: LayersModel, { name = "iris", rows = 3 } = {}): PackageContents {
  const shape = model.inputs[0]?.shape.slice(1).map(Number) ?? [];
  const inputExample = tidy(() => randomUniform([rows, ...shape], 0, 1, "float32", 7).dataSync<"float32">()).slice();
  const statistics = { count: 2, mean: 1, std: 0.5, min: 0.5, max: 1.5, quantiles: [{ probability: 0.5, value: 1 }] };
  return {
    model,
    classes,
    info: { name, architecture: "softmax", description: 'Irises: "sepals" & petals', temperature: 1.25 },
    inputExample,
    reference: {
      rows: { train: 2, validation: 2 },
      inputs: [{ name: "sepal_length", ...statistics, histogram: { edges: [0.5, 1, 1.5], counts: [1, 1] } }],
      labels: [1, 1, 0],
      predictions: [2, 0, 0],
      confidence: { edges: [0, 0.5, 1], counts: [0, 2] },
    },
  };
}
