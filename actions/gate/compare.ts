import type { Gate } from "#config/schema.ts";
import { bcaInterval, resample } from "./bootstrap.ts";
import { mcnemar } from "./mcnemar.ts";
import { normalQuantile } from "./normal.ts";
import { macroF1Difference, meanDifference } from "./paired-differences.ts";
import { discordance, type Pairs } from "./pairs.ts";
import { smallestVisibleDrop, wantedPower } from "./smallest-visible-drop.ts";
import { type Discordance, tangoInterval } from "./tango.ts";

/** How much better the candidate is than the champion (positive is better), in the metric's own unit. */
export interface Comparison {
  difference: number;
  /** Absent where the examples are too few for any bound. */
  interval?: { lower: number; upper: number; method: string };
  pValue: number; // McNemar's exact one, of equal accuracy
  smallestVisibleDrop?: number;
}

/** A bootstrap of fewer examples is far too narrow. */
const fewestForBootstrap = 20;

/** Compares two models' answers on the same examples by the gate's metric. */
export function compare(pairs: Pairs, metric: Gate["metric"], confidence: number): Comparison {
  const changed = discordance(pairs);
  const pValue = mcnemar(changed);
  if (metric === "accuracy") return { ...compareAccuracy(changed, confidence), pValue };
  const sameAnswers = pairs.labels.every((_, row) => pairs.candidate[row] === pairs.champion[row]);
  if (metric === "macro_f1" && sameAnswers) {
    // No resample differs, so the bootstrap would claim certainty; accuracy's interval knows how many examples there are.
    return { ...compareAccuracy(changed, confidence), pValue };
  }
  const difference = metric === "macro_f1" ? macroF1Difference(pairs) : meanDifference(pairs.lossDifference);
  if (difference.rows < fewestForBootstrap) return { difference: difference.observed, pValue };
  const distribution = resample(difference);
  const error = standardDeviation(distribution);
  return {
    difference: difference.observed,
    interval: { ...bcaInterval(difference, distribution, confidence), method: "paired bootstrap (BCa)" },
    pValue,
    // Normal approximation with the bootstrap's standard error; equal answers throughout give none to go by.
    ...(error > 0 && {
      smallestVisibleDrop: (normalQuantile((1 + confidence) / 2) + normalQuantile(wantedPower)) * error,
    }),
  };
}

function compareAccuracy(changed: Discordance, confidence: number): Omit<Comparison, "pValue"> {
  const visible = smallestVisibleDrop(changed, confidence);
  return {
    difference: (changed.gained - changed.lost) / changed.rows,
    interval: { ...tangoInterval(changed, confidence), method: "Tango score" },
    ...(visible !== undefined && { smallestVisibleDrop: visible }),
  };
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
