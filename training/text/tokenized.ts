import type { Dataset, Examples, TextDataset, TextExamples } from "#training/data/dataset.ts";
import type { Role } from "#training/data/roles.ts";
import { noToken, type TextEncoder } from "./tokenizer.ts";

/** Texts as rows of token ids. A batch is as wide as its longest row needs. */
export function tokenized(dataset: TextDataset, encoder: TextEncoder): Dataset {
  return {
    ...dataset,
    inputShape: [encoder.maxTokens],
    train: tokenizedExamples(dataset.train, encoder),
    validation: tokenizedExamples(dataset.validation, encoder),
    test: tokenizedExamples(dataset.test, encoder),
  };
}

export function tokenizedExamples<R extends Role>(examples: TextExamples<R>, encoder: TextEncoder): Examples<R> {
  return {
    ...examples,
    inputShape: [encoder.maxTokens],
    size: examples.bytes,
    async read(indices) {
      const inputs = rowsOf(examples.texts(indices), encoder);
      return { inputs, labels: Int32Array.from(indices, examples.label) };
    },
  };
}

/** Token ids row by row, each row filled up to a width that suits all. */
export function rowsOf(texts: readonly string[], encoder: TextEncoder, width?: number): Float32Array {
  const rows = texts.map(encoder.encode);
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const columns = width ?? widthFor(longest, encoder.maxTokens);
  const inputs = new Float32Array(rows.length * columns).fill(noToken);
  for (const [number, row] of rows.entries()) inputs.set(row, number * columns);
  return inputs;
}

/** 16, 24, 32, 48, 64, 96, 128, ...: few enough widths to compile for, and at most half of a batch is filling. */
function widthFor(tokens: number, most: number): number {
  let width = 16;
  for (let step = 0; width < tokens; step++) width += step % 2 === 0 ? width / 2 : width / 3;
  return Math.min(width, most);
}
