import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { compile } from "#training/graph/compile.ts";
import { fold } from "./folded.ts";

/** How long a batch took. */
export interface Timing {
  readonly rows: number;
  readonly ms: number;
}

/** A model compiled to answer batches. */
export type Predictor = ReturnType<typeof createPredictor>;

/**
 * Compiles the model for batches of up to `maxBatchSize` rows: one call of the backend a batch. A graph has one size, so
 * there is one for each of a dozen sizes, and a batch is filled up with zeros to the next. All are run once, which makes
 * the backend optimise them before anybody waits, and measured: `timings`, the smallest first.
 */
export function createPredictor(model: LayersModel, maxBatchSize: number) {
  const shape = (model.inputs[0]?.shape.slice(1) ?? []) as number[];
  const rowSize = shape.reduce((product, length) => product * length, 1);
  const folded = fold(model);
  const program = compile({ variables: folded.variables });
  const compiled = program.inference((inputs) => [folded.forward(inputs as tf.Tensor)], "the prediction");
  const sizes = batchSizes(maxBatchSize);
  compiled.prepare(...sizes.map((size) => [{ shape: [size, ...shape], dtype: "float32" as const }]));

  const run = (values: Float32Array, size: number): Float32Array => {
    const input = tf.tensor(values, [size, ...shape]);
    const results = compiled.run([input]);
    try {
      const [answer] = results;
      if (!answer) throw new Error("the model gave no result");
      return answer.dataSync<"float32">();
    } finally {
      tf.dispose([input, ...results]);
    }
  };
  const timings = sizes.map((size): Timing => {
    const zeros = new Float32Array(size * rowSize);
    run(zeros, size);
    const start = performance.now();
    run(zeros, size);
    return { rows: size, ms: performance.now() - start };
  });

  return {
    timings,
    /** Probabilities of `rows` rows, one after the other. @throws Error when `values` are not that many, or too many. */
    predict(values: Float32Array, rows: number): Float32Array {
      if (values.length !== rows * rowSize) {
        throw new Error(`${values.length} values for ${rows} rows: the model takes ${rowSize} a row`);
      }
      const size = sizes.find((each) => each >= rows);
      if (size === undefined) throw new Error(`${rows} rows: at most ${maxBatchSize} make a batch`);
      if (size === rows) return run(values, size);
      const filled = new Float32Array(size * rowSize);
      filled.set(values);
      const answers = run(filled, size);
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
