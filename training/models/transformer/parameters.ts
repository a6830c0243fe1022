import type { EncoderShape } from "./shape.ts";

/** The tensors of one encoder block, by what they are for; a linear layer's weight has its outputs first, as PyTorch's. */
export const blockParts = ["query", "key", "value", "output", "attentionNorm", "up", "down", "outputNorm"] as const;
export type BlockPart = (typeof blockParts)[number];

/** A tensor of the encoder under its name in a Hugging Face checkpoint. */
export interface Parameter {
  name: string;
  shape: readonly number[];
  start: "normal" | "zeros" | "ones"; // where a checkpoint lacks it
  block?: number; // of the encoder block it belongs to, from 0
  isEmbedding: boolean;
}

const prefixes: Record<BlockPart, Record<EncoderShape["kind"], string>> = {
  query: { bert: "attention.self.query", distilbert: "attention.q_lin" },
  key: { bert: "attention.self.key", distilbert: "attention.k_lin" },
  value: { bert: "attention.self.value", distilbert: "attention.v_lin" },
  output: { bert: "attention.output.dense", distilbert: "attention.out_lin" },
  attentionNorm: { bert: "attention.output.LayerNorm", distilbert: "sa_layer_norm" },
  up: { bert: "intermediate.dense", distilbert: "ffn.lin1" },
  down: { bert: "output.dense", distilbert: "ffn.lin2" },
  outputNorm: { bert: "output.LayerNorm", distilbert: "output_layer_norm" },
};

/** Where the parts of block `index` are found: `PREFIX.weight` and `PREFIX.bias`. */
export function blockPrefix(kind: EncoderShape["kind"], index: number, part: BlockPart): string {
  const blocks = kind === "bert" ? "bert.encoder.layer" : "distilbert.transformer.layer";
  return `${blocks}.${index}.${prefixes[part][kind]}`;
}

/** Where the layer between encoder and classifier is found: BERT's pooler, DistilBERT's pre-classifier. */
export function headPrefix(kind: EncoderShape["kind"]): string {
  return kind === "bert" ? "bert.pooler.dense" : "pre_classifier";
}

export function embeddingName(kind: EncoderShape["kind"], table: "word" | "position" | "token_type"): string {
  return `${kind}.embeddings.${table}_embeddings.weight`;
}

/** Whether a tensor, or a weight of a layer, holds the embeddings of the vocabulary's tokens. */
export function isWordTable(name: string): boolean {
  return name.endsWith("embeddings.word_embeddings.weight");
}

export function embeddingNorm(kind: EncoderShape["kind"]): string {
  return `${kind}.embeddings.LayerNorm`;
}

type Place = Pick<Parameter, "block" | "isEmbedding">;

/** Every tensor up to what the classifier is given, in the order of computation. */
export function parametersOf(shape: EncoderShape): Parameter[] {
  const { kind, hidden, inner, types } = shape;
  const table = (name: "word" | "position" | "token_type", rows: number): Parameter => {
    return { name: embeddingName(kind, name), shape: [rows, hidden], start: "normal", isEmbedding: true };
  };
  const linear = (prefix: string, [outputs, inputs]: [number, number], rest: Place): Parameter[] => [
    { name: `${prefix}.weight`, shape: [outputs, inputs], start: "normal", ...rest },
    { name: `${prefix}.bias`, shape: [outputs], start: "zeros", ...rest },
  ];
  const norm = (prefix: string, rest: Place): Parameter[] => [
    { name: `${prefix}.weight`, shape: [hidden], start: "ones", ...rest },
    { name: `${prefix}.bias`, shape: [hidden], start: "zeros", ...rest },
  ];
  const sizes: Partial<Record<BlockPart, [number, number]>> = { up: [inner, hidden], down: [hidden, inner] };
  const blocks = Array.from({ length: shape.layers }, (_, block) =>
    blockParts.flatMap((part) => {
      const prefix = blockPrefix(kind, block, part);
      const rest = { isEmbedding: false, block };
      return part.endsWith("Norm") ? norm(prefix, rest) : linear(prefix, sizes[part] ?? [hidden, hidden], rest);
    }),
  );
  return [
    table("word", shape.vocabulary),
    table("position", shape.positions),
    ...(types > 0 ? [table("token_type", types)] : []),
    ...norm(embeddingNorm(kind), { isEmbedding: true }),
    ...blocks.flat(),
    ...linear(headPrefix(kind), [hidden, hidden], { isEmbedding: false }),
  ];
}
