import type { Predictor } from "#training/models/predictor.ts";

/** Probabilities of a batch. When the batch fails, each row is computed by itself: only those at fault get NaN, and why. */
export function answerBatch(
  predictor: Pick<Predictor, "predict">,
  { inputs, rows }: { inputs: Float32Array; rows: number },
): { probabilities: Float32Array; fault?: string } {
  try {
    return { probabilities: predictor.predict(inputs, rows) };
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    if (rows === 1) return { probabilities: Float32Array.of(Number.NaN), fault };
    const size = inputs.length / rows;
    const answers = Array.from({ length: rows }, (_, row) =>
      answerBatch(predictor, { inputs: inputs.slice(row * size, (row + 1) * size), rows: 1 }),
    );
    const width = Math.max(...answers.map(({ probabilities }) => probabilities.length));
    const probabilities = new Float32Array(rows * width).fill(Number.NaN);
    for (const [row, answer] of answers.entries()) probabilities.set(answer.probabilities, row * width);
    return { probabilities, fault };
  }
}
