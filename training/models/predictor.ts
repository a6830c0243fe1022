import type * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { compile } from "#training/graph/compile.ts";
import { fold } from "./folded.ts";
import { answerOf } from "./inference.ts";

/** How long a batch took. */
export interface Timing {
  readonly size: number; // its rows; of texts, the tokens it has room for
  readonly ms: number;
}

/** How long a batch of `size` takes, once a first run has made the backend optimise it. */
export function timed(size: number, run: () => void): Timing {
  run();
  const start = performance.now();
  run();
  return { size, ms: performance.now() - start };
}

/** A model compiled to answer batches. */
export interface Predictor {
  readonly timings: readonly Timing[]; // the smallest batch first
  /** Answers to `rows` inputs, which lie one after the other in `values`. @throws Error when they make no batch. */
  predict(values: Float32Array, rows: number): Float32Array;
  dispose(): void;
}

/**
 * Compiles the model for batches of up to `most` rows: one call of the backend a batch. A graph has one size, so there is
 * one for each of a dozen sizes, and a batch is filled up with zeros to the next. All are run once, which makes the
 * backend optimise them before anybody waits, and measured.
 */
export function createPredictor(model: LayersModel, most: number): Predictor {
  const shape = (model.inputs[0]?.shape.slice(1) ?? []) as number[];
  const rowSize = shape.reduce((product, length) => product * length, 1);
  const sizes = batchSizes(most);
  const folded = fold(model);
  const program = compile({ variables: folded.variables });
  const compiled = program.inference((inputs) => [folded.forward(inputs as tf.Tensor)], "the prediction");
  compiled.prepare(...sizes.map((rows) => [{ shape: [rows, ...shape], dtype: "float32" as const }]));
  const filled = new Float32Array(most * rowSize);

  const run = (values: Float32Array, rows: number): Float32Array => answerOf(compiled, values, [rows, ...shape]);
  const timings = sizes.map((rows) => timed(rows, () => run(filled.subarray(0, rows * rowSize), rows)));

  return {
    timings,
    predict(values, rows) {
      if (values.length !== rows * rowSize)
        throw new Error(`${values.length} values for ${rows} rows: the model takes ${rowSize} a row`);
      const size = sizes.find((each) => each >= rows);
      if (size === undefined) throw new Error(`${rows} rows: at most ${most} make a batch`);
      if (size === rows) return run(values, size);
      filled.set(values);
      const answers = run(filled.fill(0, values.length, size * rowSize).subarray(0, size * rowSize), size);
      return answers.slice(0, (answers.length / size) * rows);
    },
    dispose() {
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
