import type { SliceResult } from "#training/evaluation.ts";
import type { Answers } from "./answers.ts";
import type { EvaluateOptions } from "./options.ts";

/** Accuracy on every slice that an example is in, in the order of their names. */
export function sliceResults(
  examples: EvaluateOptions["examples"],
  candidate: Pick<Answers, "isRight">,
  champion?: Pick<Answers, "isRight">,
): SliceResult[] {
  const slices = new Map<string, number[]>();
  for (let row = 0; row < examples.length; row++) {
    for (const name of examples.slices(row)) slices.set(name, [...(slices.get(name) ?? []), row]);
  }
  const accuracy = ({ isRight }: Pick<Answers, "isRight">, rows: readonly number[]) =>
    rows.filter((row) => isRight[row]).length / rows.length;
  return [...slices]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, rows]) => ({
      name,
      rows: rows.length,
      candidate: accuracy(candidate, rows),
      ...(champion && { champion: accuracy(champion, rows) }),
    }));
}
