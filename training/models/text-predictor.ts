import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { compile } from "#training/graph/compile.ts";
import { lengthOf, type Packed, type PackedShape, pack, place } from "#training/text/packing.ts";
import { fold } from "./folded.ts";
import { firstAnswer } from "./inference.ts";
import { type Predictor, timed } from "./predictor.ts";

/**
 * Compiles a model of texts for batches of `shapes`. Texts stand one after the other in rows, where none sees another: what
 * fills a batch up is little, and products with the weights are of all of a row's tokens at once. With `apart` each row is a
 * computation of its own, so that each of a processor's cores has one and none waits for another at every operation.
 */
export function createTextPredictor(
  model: LayersModel,
  shapes: readonly PackedShape[],
  { apart }: { apart: boolean },
): Predictor {
  const maxTokens = model.inputs[0]?.shape[1] ?? 0;
  const folded = fold(model);
  const program = compile({ variables: folded.variables });
  const compiled = program.inference((...inputs) => {
    const packed = inputs as PackedInputs;
    return [apart ? tf.concat(rowsOf(packed).map(folded.forward)) : folded.forward(packed)];
  }, "the prediction");
  compiled.prepare(
    ...shapes.map(({ rows, width, texts }) => {
      const [tokens, firsts] = [[rows, width], [rows * texts]];
      return [
        { shape: tokens, dtype: "float32" as const },
        { shape: tokens, dtype: "float32" as const },
        { shape: tokens, dtype: "int32" as const },
        { shape: firsts, dtype: "int32" as const },
      ];
    }),
  );

  const run = ({ ids, segments, positions, firsts }: Packed, { rows, width }: PackedShape): Float32Array =>
    firstAnswer(compiled, [
      tf.tensor(ids, [rows, width]),
      tf.tensor(segments, [rows, width]),
      tf.tensor(positions, [rows, width], "int32"),
      tf.tensor(firsts, [firsts.length], "int32"),
    ]);
  const timings = shapes.map((shape) => {
    const nothing = pack([], shape);
    return timed(shape.rows * shape.width, () => run(nothing, shape));
  });

  return {
    timings,
    predict(values, rows) {
      if (values.length !== rows * maxTokens)
        throw new Error(`${values.length} values for ${rows} rows: the model takes ${maxTokens} a row`);
      const inputs = Array.from({ length: rows }, (_, row) => values.subarray(row * maxTokens, (row + 1) * maxTokens));
      const lengths = inputs.map(lengthOf);
      const shape = shapes.find((each) => place(lengths, each).every(Boolean));
      if (!shape) throw new Error(`texts of ${lengths.join(", ")} tokens are more than a batch`);
      const packed = pack(inputs, shape);
      const all = run(packed, shape);
      const classes = all.length / packed.firsts.length;
      const answers = new Float32Array(rows * classes);
      for (const [row, at] of packed.answers.entries())
        answers.set(all.subarray(at * classes, (at + 1) * classes), row * classes);
      return answers;
    },
    dispose() {
      program.dispose();
      folded.dispose();
    },
  };
}

type PackedInputs = [ids: tf.Tensor2D, segments: tf.Tensor2D, positions: tf.Tensor2D, firsts: tf.Tensor1D];

/** Each row as a batch of one. */
function rowsOf([ids, segments, positions, firsts]: PackedInputs): PackedInputs[] {
  const [rows, width] = ids.shape;
  const texts = firsts.size / rows;
  return Array.from({ length: rows }, (_, row) => [
    tf.slice(ids, [row, 0], [1, width]),
    tf.slice(segments, [row, 0], [1, width]),
    tf.slice(positions, [row, 0], [1, width]),
    tf.sub(tf.slice(firsts, [row * texts], [texts]), tf.scalar(row * width, "int32")) as tf.Tensor1D,
  ]);
}
