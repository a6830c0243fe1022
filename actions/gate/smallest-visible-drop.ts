import { binomialPmf, binomialUpperTail } from "./binomial.ts";
import { normalQuantile } from "./normal.ts";
import type { Discordance } from "./tango.ts";

/** How often a drop must be found to count as visible. */
export const wantedPower = 0.8;

/**
 * The smallest true drop in accuracy, as a fraction, that this many examples find 8 times in 10: the interval's upper bound lies under zero.
 * Exact over the binomials, given the observed share of examples on which the models differ. `undefined` where no drop is found that often.
 */
export function smallestVisibleDrop({ rows, gained, lost }: Discordance, confidence: number): number | undefined {
  const changed = (gained + lost) / rows;
  if (power(rows, changed, { drop: 1, confidence }) < wantedPower) return undefined;
  let hidden = 0;
  let visible = 1;
  while (visible - hidden > 1e-6) {
    const drop = (hidden + visible) / 2;
    if (power(rows, changed, { drop, confidence }) < wantedPower) hidden = drop;
    else visible = drop;
  }
  return visible;
}

/** The chance of finding a true drop when the models differ on a share `changed` of the examples, or on as many as the drop needs. */
export function power(
  rows: number,
  changed: number,
  { drop, confidence }: { drop: number; confidence: number },
): number {
  const z = normalQuantile((1 + confidence) / 2);
  const share = Math.max(changed, drop);
  const lossShare = (share + drop) / (2 * share);
  const spread = 8 * Math.sqrt(rows * share * (1 - share)) + 8;
  const first = Math.max(0, Math.floor(rows * share - spread));
  const last = Math.min(rows, Math.ceil(rows * share + spread));
  let found = 0;
  for (let differing = first; differing <= last; differing++) {
    // At a difference of zero Tango's statistic is (gained - lost) / sqrt(gained + lost).
    const losses = Math.floor((differing + z * Math.sqrt(differing)) / 2) + 1;
    found += binomialPmf(differing, rows, share) * binomialUpperTail(losses, differing, lossShare);
  }
  return found;
}
