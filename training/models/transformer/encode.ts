import * as tf from "@tensorflow/tfjs-core";
import { dropout } from "#training/graph/random.ts";
import { gelu, layerNorm } from "./operations.ts";
import { type BlockPart, blockPrefix, embeddingName, embeddingNorm, headPrefix } from "./parameters.ts";
import type { EncoderShape } from "./shape.ts";

/** Where each text is, when a row holds several, one after the other. */
export interface Packing {
  segments: tf.Tensor2D; // [rows, tokens]: a number that only the tokens of one text have; float32
  positions: tf.Tensor2D; // [rows, tokens]: of each token in its text; int32
  firsts: tf.Tensor1D; // the place of each text's first token among the tokens of all rows, as many of each row; int32
}

export interface Encoding {
  shape: EncoderShape;
  packing?: Packing | undefined; // absent: a row is a text
  /** A tensor of the checkpoint by its name. */
  weight(name: string): tf.Tensor;
  isTraining: boolean; // whether dropout draws
}

/**
 * What the classifier is given of each text in rows of token ids [rows, tokens], where a negative id is none: [texts, width].
 * Devlin et al. 2019 and Sanh et al. 2019, as Hugging Face computes them; numbers from where there is no token, or another
 * text, reach nothing.
 */
export function encode(ids: tf.Tensor2D, encoding: Encoding): tf.Tensor2D {
  const { shape, packing, isTraining } = encoding;
  const [rows] = ids.shape;
  const attended = tf.mul(tf.cast(unattended(ids, packing), "float32"), -1e9);
  const last = shape.layers - 1;
  let states = embed(ids, encoding);
  for (let index = 0; index < last; index++)
    states = block(states, { ...encoding, index, rows, attended, context: states });
  // Of the last block's tokens only each text's first is looked at: the others are what it attends to, and no more.
  const first = { ...encoding, index: last, rows, attended: attendedByFirsts(attended, packing), context: states };
  const pooled = block(firstsOf(states, rows, packing), first);
  const head = linear(pooled, headPrefix(shape.kind), encoding);
  const active = shape.kind === "bert" ? tf.tanh(head) : tf.relu(head);
  return isTraining ? dropout(active, shape.dropout.classifier) : active;
}

/** Which tokens a token does not look at: [rows, 1, tokens or 1, tokens]. */
function unattended(ids: tf.Tensor2D, packing: Packing | undefined): tf.Tensor {
  const [rows, tokens] = ids.shape;
  if (!packing) return tf.reshape(tf.less(ids, 0), [rows, 1, 1, tokens]);
  const { segments } = packing;
  return tf.notEqual(tf.reshape(segments, [rows, 1, tokens, 1]), tf.reshape(segments, [rows, 1, 1, tokens]));
}

/** Of the states of all tokens those of each text's first: [texts, width]. */
function firstsOf(states: tf.Tensor2D, rows: number, packing: Packing | undefined): tf.Tensor2D {
  if (packing) return tf.gather(states, packing.firsts);
  const width = states.shape[1];
  const cube = tf.reshape<tf.Rank.R3>(states, [rows, -1, width]);
  return tf.reshape(tf.slice(cube, [0, 0, 0], [rows, 1, width]), [rows, width]);
}

function attendedByFirsts(attended: tf.Tensor, packing: Packing | undefined): tf.Tensor {
  if (!packing) return attended;
  const [rows = 0, , , tokens = 0] = attended.shape;
  return tf.reshape(tf.gather(tf.reshape(attended, [-1, tokens]), packing.firsts), [rows, 1, -1, tokens]);
}

/** States of all tokens, one after the other: [rows x tokens, width]. */
function embed(ids: tf.Tensor2D, { shape, packing, weight, isTraining }: Encoding): tf.Tensor2D {
  const { kind, hidden, types, epsilon } = shape;
  const [rows, tokens] = ids.shape;
  const known = tf.cast(tf.reshape(tf.relu(ids), [rows * tokens]), "int32") as tf.Tensor1D;
  const words = tf.reshape(tf.gather(weight(embeddingName(kind, "word")), known), [rows, tokens, hidden]);
  const table = weight(embeddingName(kind, "position"));
  const positions = packing ? tf.gather(table, packing.positions) : tf.slice(table, [0, 0], [tokens, hidden]);
  const place =
    types > 0 ? tf.add(positions, tf.slice(weight(embeddingName(kind, "token_type")), [0, 0], [1, hidden])) : positions;
  const sum = tf.reshape<tf.Rank.R2>(tf.add(words, place), [rows * tokens, hidden]);
  return drop(norm(sum, embeddingNorm(kind), { weight, epsilon }), shape.dropout.hidden, isTraining);
}

interface BlockOptions extends Encoding {
  index: number;
  rows: number;
  attended: tf.Tensor; // [rows, 1, of the tokens or 1, tokens]: 0, and far below where one does not look
  context: tf.Tensor2D; // the states that are attended to: of all tokens
}

/** The next states of some tokens, as many of each row. */
function block(states: tf.Tensor2D, options: BlockOptions): tf.Tensor2D {
  const { shape, index, weight, isTraining } = options;
  const { kind, epsilon } = shape;
  const prefix = (part: BlockPart) => blockPrefix(kind, index, part);
  const mixed = linear(attention(states, options), prefix("output"), options);
  const dropped = kind === "bert" ? drop(mixed, shape.dropout.hidden, isTraining) : mixed;
  const between = norm(tf.add<tf.Tensor2D>(dropped, states), prefix("attentionNorm"), { weight, epsilon });
  const inner = linear(gelu(linear(between, prefix("up"), options)), prefix("down"), options);
  const sum = tf.add<tf.Tensor2D>(drop(inner, shape.dropout.hidden, isTraining), between);
  return norm(sum, prefix("outputNorm"), { weight, epsilon });
}

function attention(states: tf.Tensor2D, options: BlockOptions): tf.Tensor2D {
  const { shape, index, rows, attended, context, isTraining } = options;
  const { kind, heads, hidden } = shape;
  const width = hidden / heads;
  const split = (from: tf.Tensor2D, part: BlockPart) =>
    tf.transpose(
      tf.reshape(linear(from, blockPrefix(kind, index, part), options), [rows, -1, heads, width]),
      [0, 2, 1, 3],
    );
  const query = tf.mul(split(states, "query"), 1 / Math.sqrt(width));
  const scores = tf.add(tf.matMul(query, split(context, "key"), false, true), attended);
  const shares = drop(tf.softmax(scores), shape.dropout.attention, isTraining);
  const mixed = tf.transpose(tf.matMul(shares, split(context, "value")), [0, 2, 1, 3]);
  return tf.reshape(mixed, [-1, hidden]);
}

function linear(x: tf.Tensor2D, prefix: string, { weight }: Pick<Encoding, "weight">): tf.Tensor2D {
  const product = tf.matMul(x, weight(`${prefix}.weight`) as tf.Tensor2D, false, true);
  return tf.add(product, weight(`${prefix}.bias`));
}

function norm(
  x: tf.Tensor2D,
  prefix: string,
  { weight, epsilon }: { weight: Encoding["weight"]; epsilon: number },
): tf.Tensor2D {
  const [scale, offset] = [weight(`${prefix}.weight`), weight(`${prefix}.bias`)] as [tf.Tensor1D, tf.Tensor1D];
  return layerNorm(x, { scale, offset, epsilon });
}

function drop(x: tf.Tensor, rate: number, isTraining: boolean): tf.Tensor2D {
  return (isTraining ? dropout(x, rate) : x) as tf.Tensor2D;
}
