import type * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { compile } from "#training/graph/compile.ts";
import { fold } from "./folded.ts";
import { answerOf } from "./inference.ts";

/** How long a batch took. */
export interface Timing {
  readonly width: number; // numbers of a row
  readonly rows: number;
  readonly ms: number;
}

/** For which batches a model is compiled. */
export interface Batches {
  readonly most: number; // rows of a batch
  /** Widths of rows, the narrowest first, of a model that takes rows of any; absent: the model's own. */
  readonly widths?: readonly number[];
}

/** A model compiled to answer batches. */
export type Predictor = ReturnType<typeof createPredictor>;

const mostTokens = 512; // of a batch of texts: more at once is not faster

/**
 * Compiles the model for batches of up to `most` rows: one call of the backend a batch. A graph has one size, so there is
 * one for each of a dozen sizes, and a batch is filled up with zeros to the next. All are run once, which makes the
 * backend optimise them before anybody waits, and measured: `timings`, of each width the smallest batch first.
 */
export function createPredictor(model: LayersModel, { most, widths }: Batches) {
  const shape = (model.inputs[0]?.shape.slice(1) ?? []) as number[];
  const rowSize = shape.reduce((product, length) => product * length, 1);
  const sizes = new Map(
    widths?.map((width) => [width, batchSizes(Math.max(1, Math.min(most, Math.floor(mostTokens / width))))]) ?? [
      [rowSize, batchSizes(most)],
    ],
  );
  const shapes = [...sizes].flatMap(([width, own]) => own.map((rows) => ({ width, rows })));
  const shapeOf = (rows: number, width: number) => [rows, ...(widths ? [width] : shape)];
  const folded = fold(model);
  const program = compile({ variables: folded.variables });
  const compiled = program.inference((inputs) => [folded.forward(inputs as tf.Tensor)], "the prediction");
  compiled.prepare(...shapes.map(({ rows, width }) => [{ shape: shapeOf(rows, width), dtype: "float32" as const }]));
  const filled = new Float32Array(Math.max(...shapes.map(({ rows, width }) => rows * width)));

  const run = (values: Float32Array, rows: number): Float32Array =>
    answerOf(compiled, values, shapeOf(rows, values.length / rows));
  const timings = shapes.map(({ rows, width }): Timing => {
    const zeros = filled.subarray(0, rows * width);
    run(zeros, rows);
    const start = performance.now();
    run(zeros, rows);
    return { width, rows, ms: performance.now() - start };
  });

  return {
    timings,
    /** Probabilities of `rows` rows, one after the other. @throws Error when `values` are not that many, or too many. */
    predict(values: Float32Array, rows: number): Float32Array {
      const width = values.length / rows;
      const own = sizes.get(width);
      if (!own) {
        throw new Error(
          `${values.length} values for ${rows} rows: the model takes ${[...sizes.keys()].join(", ")} a row`,
        );
      }
      const size = own.find((each) => each >= rows);
      if (size === undefined) throw new Error(`${rows} rows: at most ${own.at(-1)} make a batch`);
      if (size === rows) return run(values, size);
      filled.set(values);
      const answers = run(filled.fill(0, values.length, size * width).subarray(0, size * width), size);
      return answers.slice(0, (answers.length / size) * rows);
    },
    dispose(): void {
      program.dispose();
      folded.dispose();
    },
  };
}

/** 1, 2, 3, 4, 6, 8, 12, ... up to `most`: no batch computes more than half as many rows again as it has. */
function batchSizes(most: number): number[] {
  const sizes = [1, 2];
  for (let size = 2; size < most; size *= 2) sizes.push(1.5 * size, 2 * size);
  return [...new Set([...sizes.filter((size) => size < most), most])];
}
