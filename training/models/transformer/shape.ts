import { z } from "zod";

const size = z
  .int()
  .positive()
  .max(2 ** 20);
const rate = z.number().min(0).lt(1);

const Bert = z.looseObject({
  model_type: z.literal("bert"),
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  hidden_act: z.literal("gelu").default("gelu"),
  position_embedding_type: z.literal("absolute").default("absolute"),
  layer_norm_eps: z.number().positive().default(1e-12),
  initializer_range: z.number().positive().default(0.02),
  hidden_dropout_prob: rate.default(0.1),
  attention_probs_dropout_prob: rate.default(0.1),
  classifier_dropout: rate.nullish(),
});

const DistilBert = z.looseObject({
  model_type: z.literal("distilbert"),
  vocab_size: size,
  dim: size,
  n_layers: size,
  n_heads: size,
  hidden_dim: size,
  max_position_embeddings: size,
  activation: z.literal("gelu").default("gelu"),
  initializer_range: z.number().positive().default(0.02),
  dropout: rate.default(0.1),
  attention_dropout: rate.default(0.1),
  seq_classif_dropout: rate.default(0.2),
});

/** A checkpoint's `config.json`, as far as it decides what the encoder computes. */
export const EncoderConfig = z
  .discriminatedUnion("model_type", [Bert, DistilBert], {
    error: ({ input }) =>
      `model_type ${JSON.stringify((input as { model_type?: unknown })?.model_type)} is none of "bert", "distilbert"`,
  })
  .refine((config) => shapeOf(config).hidden % shapeOf(config).heads === 0, {
    error: "the heads do not divide the width",
  });
export type EncoderConfig = z.infer<typeof EncoderConfig>;

/** What both kinds of encoder have. */
export interface EncoderShape {
  kind: "bert" | "distilbert";
  vocabulary: number;
  hidden: number;
  layers: number;
  heads: number;
  inner: number; // width of the feed-forward part
  positions: number;
  types: number; // kinds of segments; 0 for none
  epsilon: number;
  deviation: number; // of weights that start at random
  dropout: { hidden: number; attention: number; classifier: number };
}

export function shapeOf(config: z.infer<typeof Bert> | z.infer<typeof DistilBert>): EncoderShape {
  if (config.model_type === "bert") {
    const { hidden_dropout_prob: hidden, attention_probs_dropout_prob: attention, classifier_dropout } = config;
    return {
      kind: "bert",
      vocabulary: config.vocab_size,
      hidden: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      inner: config.intermediate_size,
      positions: config.max_position_embeddings,
      types: config.type_vocab_size,
      epsilon: config.layer_norm_eps,
      deviation: config.initializer_range,
      dropout: { hidden, attention, classifier: classifier_dropout ?? hidden },
    };
  }
  return {
    kind: "distilbert",
    vocabulary: config.vocab_size,
    hidden: config.dim,
    layers: config.n_layers,
    heads: config.n_heads,
    inner: config.hidden_dim,
    positions: config.max_position_embeddings,
    types: 0,
    epsilon: 1e-12,
    deviation: config.initializer_range,
    dropout: { hidden: config.dropout, attention: config.attention_dropout, classifier: config.seq_classif_dropout },
  };
}
