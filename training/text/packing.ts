import { noToken, tokenCount } from "./tokenizer.ts";

/** A size of batches: `rows` of `width` tokens, each of which holds up to `texts` texts, one after the other. */
export interface PackedShape {
  readonly rows: number;
  readonly width: number;
  readonly texts: number;
}

const usualWidth = 128; // of rows that hold several texts: attention costs by its square, and narrow ones are seldom full
const tokensPerText = 8; // of the shortest texts that a row is full of

/**
 * The batches that texts are computed in, the smallest first: one row as wide as the texts need, and up to `rows` of a width
 * that holds several. No batch has more than `most` texts.
 */
export function packedShapes(most: number, { maxTokens, rows }: { maxTokens: number; rows: number }): PackedShape[] {
  const usual = Math.min(usualWidth, maxTokens);
  const single = widthsUpTo(maxTokens).map((width) => ({ rows: 1, width }));
  const several = Array.from({ length: Math.min(most, rows) - 1 }, (_, at) => ({ rows: 2 + at, width: usual }));
  return [...single, ...several]
    .map((shape) => ({
      ...shape,
      texts: Math.min(Math.floor(most / shape.rows), Math.ceil(shape.width / tokensPerText)),
    }))
    .sort((one, other) => one.rows * one.width - other.rows * other.width || one.width - other.width);
}

/** 16, 32, 48, 64, 96, 128, ... up to `most`. */
function widthsUpTo(most: number): number[] {
  const widths = [16];
  for (let width = 32; width < most; width *= 2) widths.push(width, 1.5 * width);
  return [...widths.filter((width) => width < most), most];
}

/** Where a text goes. */
export interface Place {
  readonly row: number;
  readonly start: number; // of its tokens in the row
  readonly slot: number; // its number in the row
}

/**
 * Where texts of so many tokens go: in their order each into the first row that has room; `undefined` for those that find
 * none.
 */
export function place(lengths: readonly number[], { rows, width, texts }: PackedShape): (Place | undefined)[] {
  const used = Array.from({ length: rows }, () => ({ tokens: 0, texts: 0 }));
  return lengths.map((length) => {
    const row = used.findIndex((each) => each.tokens + length <= width && each.texts < texts);
    const found = used[row];
    if (!found) return undefined;
    const place = { row, start: found.tokens, slot: found.texts };
    found.tokens += length;
    found.texts += 1;
    return place;
  });
}

/** How much room a row of token ids, filled up behind, needs. */
export function lengthOf(ids: Float32Array): number {
  return Math.max(1, tokenCount(ids)); // something is answered to nothing, too
}

/** What the encoder is given of packed texts, and where their answers will be. */
export interface Packed {
  readonly ids: Float32Array; // [rows, width]
  readonly segments: Float32Array; // [rows, width]: a number that only the tokens of one text have
  readonly positions: Int32Array; // [rows, width]: of a token in its text
  readonly firsts: Int32Array; // [rows, texts]: where each begins, counted through all rows
  readonly answers: readonly number[]; // the place of each text in `firsts`
}

/** Packs rows of token ids. @throws Error when they do not all find room. */
export function pack(inputs: readonly Float32Array[], shape: PackedShape): Packed {
  const { rows, width, texts } = shape;
  const ids = new Float32Array(rows * width).fill(noToken);
  const segments = new Float32Array(rows * width).fill(noToken);
  const positions = new Int32Array(rows * width);
  const firsts = Int32Array.from({ length: rows * texts }, (_, at) => Math.floor(at / texts) * width);
  const lengths = inputs.map(lengthOf);
  const answers = place(lengths, shape).map((found, text) => {
    const [input, length = 0] = [inputs[text], lengths[text]];
    if (!input || !found) throw new Error(`${inputs.length} texts do not find room in ${rows} rows of ${width} tokens`);
    const first = found.row * width + found.start;
    ids.set(input.subarray(0, length), first);
    segments.fill(text, first, first + length);
    for (let at = 0; at < length; at++) positions[first + at] = at;
    const answer = found.row * texts + found.slot;
    firsts[answer] = first;
    return answer;
  });
  return { ids, segments, positions, firsts, answers };
}
