import type { Gate } from "#config/schema.ts";
import type { Evaluation, Prediction } from "#training/evaluation.ts";
import { holm } from "#training/holm.ts";
import { judgeSlice } from "#training/rules.ts";
import type { Rule } from "#training/verdict.ts";
import { normalCdf } from "./normal.ts";
import { type Discordance, tangoInterval, tangoScore } from "./tango.ts";

type Slice = { name: string; changed: Discordance; candidate: number; champion: number };

/**
 * One rule for each slice with at least `gate.slices.minimumRows` examples; smaller ones are listed in the report but not judged.
 * A slice fails where its accuracy is shown to have dropped by more than `gate.slices.maxDrop`: one-sided, Holm-adjusted over the slices judged.
 * It is inconclusive where the observed drop is larger than allowed but the examples don't show that it is no accident.
 */
export function slices(evaluation: Evaluation, predictions: readonly Prediction[], gate: Gate): Rule[] {
  const { champion, candidate } = evaluation;
  if (!champion || champion.modelDigest === candidate.modelDigest) return [];
  const judged = tally(predictions).filter(({ changed }) => changed.rows >= gate.slices.minimumRows);
  const pValues = holm(judged.map(({ changed }) => normalCdf(tangoScore(changed, -gate.slices.maxDrop))));
  return judged.map((slice, index) => sliceRule(slice, pValues[index] ?? 1, gate));
}

function sliceRule({ name, changed, candidate, champion }: Slice, pValue: number, gate: Gate): Rule {
  const difference = (changed.gained - changed.lost) / changed.rows;
  return {
    name: `slice ${name}`,
    ...judgeSlice({ name, rows: changed.rows, difference, pValue }, gate),
    rows: changed.rows,
    value: candidate,
    champion,
    limit: gate.slices.maxDrop,
    difference,
    // Each a one-sided bound at the gate's confidence, so together a two-sided interval of less.
    ...tangoInterval(changed, 2 * gate.confidence - 1),
    confidence: gate.confidence,
    method: "Tango score, one-sided",
    pValue,
  };
}

/** Counts each slice's examples by who was right, in the order in which slices first occur. */
function tally(predictions: readonly Prediction[]): Slice[] {
  const counts = new Map<string, { rows: number; candidate: number; champion: number; gained: number; lost: number }>();
  for (const { label, slices, candidate, champion } of predictions) {
    const right = candidate.prediction === label;
    const wasRight = champion?.prediction === label;
    for (const name of new Set(slices)) {
      const count = counts.get(name) ?? { rows: 0, candidate: 0, champion: 0, gained: 0, lost: 0 };
      count.rows++;
      if (right) count.candidate++;
      if (wasRight) count.champion++;
      if (right && !wasRight) count.gained++;
      if (!right && wasRight) count.lost++;
      counts.set(name, count);
    }
  }
  return [...counts].map(([name, { rows, candidate, champion, gained, lost }]) => ({
    name,
    changed: { rows, gained, lost },
    candidate: candidate / rows,
    champion: champion / rows,
  }));
}
