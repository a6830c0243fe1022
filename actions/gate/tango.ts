import { normalQuantile } from "./normal.ts";

/** How two models' answers on the same examples differ in being right. */
export interface Discordance {
  rows: number;
  gained: number; // right now, wrong before
  lost: number; // wrong now, right before
}

/**
 * The score statistic of the true difference in accuracy being `difference`, approximately standard normal if it is.
 * Positive where the observed difference is larger. Tango 1998, Statistics in Medicine 17, 891-908, equations 24-26.
 */
export function tangoScore({ rows, gained, lost }: Discordance, difference: number): number {
  const excess = gained - lost - rows * difference;
  if (excess === 0) return 0;
  const variance = rows * (2 * restrictedLossRate({ rows, gained, lost }, difference) + difference * (1 - difference));
  return variance > 0 ? excess / Math.sqrt(variance) : Math.sign(excess) * Infinity;
}

/** The likeliest rate of lost examples if the true difference is `difference`: the larger root of the score equation. */
function restrictedLossRate({ rows, gained, lost }: Discordance, difference: number): number {
  const a = 2 * rows;
  const b = -gained - lost + (2 * rows - gained + lost) * difference;
  const c = -lost * difference * (1 - difference);
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  const rate = b > 0 ? (-2 * c) / (root + b) : (root - b) / (2 * a);
  return Math.max(rate, 0, -difference);
}

/**
 * Two-sided interval of the difference in accuracy (candidate minus champion), as fractions.
 * Tango's bounds by bisection: bracketed by the observed difference and by +-1 they exist for every table, also with no discordance.
 */
export function tangoInterval(pairs: Discordance, confidence: number): { lower: number; upper: number } {
  const z = normalQuantile((1 + confidence) / 2);
  const mirrored = { rows: pairs.rows, gained: pairs.lost, lost: pairs.gained };
  return { lower: 0 - upperBound(mirrored, z), upper: upperBound(pairs, z) };
}

function upperBound(pairs: Discordance, z: number): number {
  let inside = (pairs.gained - pairs.lost) / pairs.rows;
  let outside = 1;
  if (inside === 1) return 1;
  for (;;) {
    const middle = (inside + outside) / 2;
    if (middle === inside || middle === outside) return middle;
    if (tangoScore(pairs, middle) > -z) inside = middle;
    else outside = middle;
  }
}
