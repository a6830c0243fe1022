import { expect, test } from "vitest";
import { answerBatch } from "#serving/engine/process/answer-batch.ts";

/** Doubles each input; one of 13 makes the whole batch fail. */
const predictor = {
  predict(values: Float32Array): Float32Array {
    if (values.includes(13)) throw new Error("13 can't be computed");
    return values.map((value) => 2 * value);
  },
};

test("a batch is answered in one call", () => {
  expect(answerBatch(predictor, { inputs: Float32Array.of(1, 2, 3), rows: 3 })).toEqual({
    probabilities: Float32Array.of(2, 4, 6),
  });
});

test("one input that can't be computed fails alone", () => {
  expect(answerBatch(predictor, { inputs: Float32Array.of(1, 13, 3), rows: 3 })).toEqual({
    probabilities: Float32Array.of(2, Number.NaN, 6),
    fault: "13 can't be computed",
  });
});
