import { noToken, tokenCount } from "./tokenizer.ts";

/** Directions in which the texts that a model was trained on differ most: what tells whether others are like them. */
export interface EmbeddingSpace {
  readonly axes: number[][]; // principal axes, each over the deviation of the texts along it
  readonly offset: number[]; // of the texts' mean, along each
}

/** The embeddings of a vocabulary's tokens, row by row. */
export interface TokenTable {
  readonly values: Float32Array;
  readonly width: number;
}

const mostAxes = 8;
const rounds = 50;
const leastVariance = 1e-10;
const digits = 6; // that are kept: the file stays readable and a hundredth of the weights

/** The mean of its tokens' embeddings: what a text is about, without a pass of the encoder. `ids` may be filled up. */
export function meanEmbedding(ids: Float32Array, { values, width }: TokenTable): Float64Array {
  const mean = new Float64Array(width);
  let tokens = 0;
  for (const id of ids) {
    if (id === noToken) continue;
    tokens += 1;
    for (let at = 0; at < width; at++) mean[at] = (mean[at] ?? 0) + (values[id * width + at] ?? 0);
  }
  return mean.map((sum) => sum / Math.max(1, tokens));
}

/**
 * The principal components of the embeddings, at most eight, by subspace iteration (Golub and Van Loan, Matrix
 * Computations, 8.2.4). Oracle: NumPy's `linalg.eigh` of the covariance.
 */
export function fitEmbeddingSpace(embeddings: readonly Float64Array[]): EmbeddingSpace {
  const width = embeddings[0]?.length ?? 0;
  const mean = new Float64Array(width);
  for (const embedding of embeddings) addTo(mean, embedding, 1 / embeddings.length);
  const centred = embeddings.map((embedding) => embedding.map((value, at) => value - (mean[at] ?? 0)));
  const count = Math.min(mostAxes, width, embeddings.length - 1);
  let axes = orthonormal(Array.from({ length: count }, (_, axis) => start(width, axis)));
  let variances: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const images = axes.map(() => new Float64Array(width));
    for (const point of centred) {
      for (const [axis, image] of images.entries()) addTo(image, point, dot(point, axes[axis]) / centred.length);
    }
    variances = images.map((image, axis) => dot(image, axes[axis]));
    axes = orthonormal(images);
  }
  const least = leastVariance * (dot(mean, mean) + (variances[0] ?? 0)); // what is less is rounding
  const kept = axes.filter((_, axis) => (variances[axis] ?? 0) > least);
  const scaled = kept.map((axis, at) => axis.map((value) => rounded(value / Math.sqrt(variances[at] ?? 1))));
  return { axes: scaled.map((axis) => [...axis]), offset: scaled.map((axis) => rounded(dot(axis, mean))) };
}

/** Names of what `createTextMeasure` gives. */
export function textColumns({ axes }: EmbeddingSpace): string[] {
  return ["tokens", "embedding_distance", ...axes.map((_, axis) => `embedding_${axis + 1}`)];
}

/**
 * What of a text is counted to tell drift: how many tokens it has, Mahalanobis' distance of its embedding to those of
 * training, within the axes (Lee et al., A simple unified framework for detecting out-of-distribution samples, 2018), and
 * its place along each axis. The table is not kept.
 */
export function createTextMeasure({ axes, offset }: EmbeddingSpace, table: TokenTable) {
  const count = axes.length;
  const places = new Float32Array((table.values.length / table.width) * count); // of each token, along each axis
  for (let place = 0; place < places.length; place++) {
    const row = Math.floor(place / count) * table.width;
    places[place] = dot(table.values.subarray(row, row + table.width), axes[place % count]);
  }
  const along = { values: places, width: count };
  return (ids: Float32Array): Float32Array => {
    const components = meanEmbedding(ids, along).map((value, axis) => value - (offset[axis] ?? 0));
    return Float32Array.of(tokenCount(ids), Math.sqrt(dot(components, components)), ...components);
  };
}

/** Some direction, another for each axis, and the same in every run. */
function start(width: number, axis: number): Float64Array {
  return Float64Array.from({ length: width }, (_, at) => Math.sin((at + 1) * (axis + 1) + axis));
}

/** Gram and Schmidt's. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const made: Float64Array[] = [];
  for (const vector of vectors) {
    const rest = vector.slice();
    for (const before of made) addTo(rest, before, -dot(rest, before));
    const length = Math.sqrt(dot(rest, rest)) || 1;
    made.push(rest.map((value) => value / length));
  }
  return made;
}

function addTo(sum: Float64Array, vector: Float64Array, times: number): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + times * (vector[at] ?? 0);
}

function dot(one: ArrayLike<number>, other: ArrayLike<number> = []): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += (one[at] ?? 0) * (other[at] ?? 0);
  return sum;
}

function rounded(value: number): number {
  return Number(value.toPrecision(digits));
}
