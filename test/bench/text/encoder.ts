import { parametersOf } from "#training/models/transformer/parameters.ts";
import { EncoderConfig, shapeOf } from "#training/models/transformer/shape.ts";
import { transformer } from "#training/models/transformer/transformer.ts";

export const vocabulary = 30_522;

/** A DistilBERT of six blocks of the given width with made-up weights, as a classifier of two classes. */
export function encoderOf(hidden: number, maxTokens: number) {
  const sizes = { vocab_size: vocabulary, max_position_embeddings: 512, n_layers: 6, n_heads: 12 };
  const config = EncoderConfig.parse({ model_type: "distilbert", dim: hidden, hidden_dim: 4 * hidden, ...sizes });
  const shape = shapeOf(config);
  const tensors = parametersOf(shape).map(({ name, shape: sides, start }) => {
    const values = new Float32Array(sides.reduce((product, side) => product * side, 1)).fill(Number(start === "ones"));
    const spread = (_: number, place: number) => (((place * 0.618034) % 1) - 0.5) * 0.07;
    return { name, shape: sides, values: start === "normal" ? values.map(spread) : values };
  });
  return transformer(
    {
      source: { uri: "made up" },
      ...{ config, shape },
      tokenizer: { tokenizer: {}, config: {} },
      weights: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    },
    { classes: 2, maxTokens, frozen: { embeddings: false, blocks: 0 }, seed: 1 },
  );
}
