import { initializers, layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { BadInputError } from "#config/bad-input.ts";
import type { Config, Training } from "#config/schema.ts";
import { cnn } from "./cnn.ts";

/** What a model takes and tells apart. */
export interface ModelShape {
  /** Of one example, without the batch. */
  inputShape: readonly number[];
  classes: number;
}

/**
 * A classifier with seeded weights, the same ones for the same seed: a chain of layers whose last is a softmax over the
 * logits of a linear layer.
 * @throws BadInputError when the architecture does not take examples of this shape.
 */
export function buildModel(architecture: Config["architecture"], shape: ModelShape, training: Training): Sequential {
  switch (architecture) {
    case "softmax":
      return chain("softmax", { ...shape, hiddenUnits: [], seed: training.seed });
    case "mlp":
      return chain("mlp", { ...shape, hiddenUnits: training.hiddenUnits, seed: training.seed });
    case "cnn":
      return cnn(shape, training);
    case "transformer":
      throw new BadInputError(
        "architecture transformer takes texts; for tables there are softmax and mlp, for images cnn",
      );
  }
}

interface ChainOptions extends ModelShape {
  hiddenUnits: readonly number[];
  seed: number;
}

/** Multinomial logistic regression, with rectified layers before it if there are hidden units. */
function chain(name: string, { inputShape, classes, hiddenUnits, seed }: ChainOptions): Sequential {
  if (inputShape.length !== 1) throw new BadInputError(`architecture ${name} takes tables; for images there is cnn`);
  const widths = [...hiddenUnits, classes];
  const model = sequential({ name });
  for (const [index, units] of widths.entries()) {
    const isLast = index === hiddenUnits.length;
    model.add(
      layers.dense({
        name: isLast ? "logits" : `hidden_${index + 1}`,
        units,
        activation: isLast ? "linear" : "relu",
        kernelInitializer: initializers.glorotUniform({ seed: seed + index }),
        ...(index === 0 && { inputShape: [...inputShape] }),
      }),
    );
  }
  model.add(layers.activation({ name: "probabilities", activation: "softmax" }));
  return model;
}
