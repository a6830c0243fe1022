import * as tf from "@tensorflow/tfjs-core";
import { dropout } from "#training/graph/random.ts";
import { gelu, layerNorm } from "./operations.ts";
import { type BlockPart, blockPrefix, embeddingName, embeddingNorm, headPrefix } from "./parameters.ts";
import type { EncoderShape } from "./shape.ts";

export interface Encoding {
  shape: EncoderShape;
  /** A tensor of the checkpoint by its name. */
  weight(name: string): tf.Tensor;
  isTraining: boolean; // whether dropout draws
}

/**
 * What the classifier is given of each row of token ids [rows, tokens], where a negative id is none: [rows, width]. Devlin
 * et al. 2019 and Sanh et al. 2019, as Hugging Face computes them; numbers from where there is no token reach nothing.
 */
export function encode(ids: tf.Tensor2D, encoding: Encoding): tf.Tensor2D {
  const { shape, isTraining } = encoding;
  const [rows, tokens] = ids.shape;
  const attended = tf.reshape(tf.mul(tf.cast(tf.less(ids, 0), "float32"), -1e9), [rows, 1, 1, tokens]);
  const last = shape.layers - 1;
  let states = embed(ids, encoding);
  for (let index = 0; index < last; index++)
    states = block(states, { ...encoding, index, rows, attended, context: states });
  const cube = tf.reshape(states, [rows, tokens, shape.hidden]);
  const firsts = tf.reshape<tf.Rank.R2>(tf.slice(cube, [0, 0, 0], [rows, 1, shape.hidden]), [rows, shape.hidden]);
  // Of the last block's tokens only each row's first is looked at: the others are what it attends to, and no more.
  const pooled = block(firsts, { ...encoding, index: last, rows, attended, context: states });
  const head = linear(pooled, headPrefix(shape.kind), encoding);
  const active = shape.kind === "bert" ? tf.tanh(head) : tf.relu(head);
  return isTraining ? dropout(active, shape.dropout.classifier) : active;
}

/** States of all tokens, one after the other: [rows x tokens, width]. */
function embed(ids: tf.Tensor2D, { shape, weight, isTraining }: Encoding): tf.Tensor2D {
  const { kind, hidden, types, epsilon } = shape;
  const [rows, tokens] = ids.shape;
  const known = tf.cast(tf.reshape(tf.relu(ids), [rows * tokens]), "int32") as tf.Tensor1D;
  const words = tf.reshape(tf.gather(weight(embeddingName(kind, "word")), known), [rows, tokens, hidden]);
  const positions = tf.slice(weight(embeddingName(kind, "position")), [0, 0], [tokens, hidden]);
  const place =
    types > 0 ? tf.add(positions, tf.slice(weight(embeddingName(kind, "token_type")), [0, 0], [1, hidden])) : positions;
  const sum = tf.reshape<tf.Rank.R2>(tf.add(words, place), [rows * tokens, hidden]);
  return drop(norm(sum, embeddingNorm(kind), { weight, epsilon }), shape.dropout.hidden, isTraining);
}

interface BlockOptions extends Encoding {
  index: number;
  rows: number;
  attended: tf.Tensor; // [rows, 1, 1, tokens]: 0, and far below where there is no token
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
