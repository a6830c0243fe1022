import { binomialUpperTail } from "./binomial.ts";
import type { Discordance } from "./tango.ts";

/** Two-sided exact p-value of equal accuracy: of the examples that changed, half were lost. McNemar 1947, conditional. */
export function mcnemar({ gained, lost }: Discordance): number {
  return Math.min(1, 2 * binomialUpperTail(Math.max(gained, lost), gained + lost, 0.5));
}
