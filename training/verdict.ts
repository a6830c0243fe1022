import { z } from "zod";

const Kind = z.enum(["pass", "fail", "inconclusive"]);

/** One rule of the gate with the numbers that decided it, all in the metric's own unit. */
export const Rule = z.strictObject({
  name: z.string(), // minimum, champion, slice NAME
  kind: Kind,
  reason: z.string(),
  rows: z.int().nonnegative(),
  value: z.number().nullable(), // the candidate's metric; null when it is not a number
  champion: z.number().optional(),
  limit: z.number(), // the minimum, or the largest drop allowed
  difference: z.number().optional(), // candidate minus champion, positive is better
  lower: z.number().optional(), // confidence bounds of the difference
  upper: z.number().optional(),
  confidence: z.number().optional(),
  method: z.string().optional(), // of the bounds: Tango, Newcombe, paired bootstrap
  pValue: z.number().optional(), // McNemar, or Holm-adjusted for a slice
});

/** `verdict.json`: what the gate decided. */
export const Verdict = z.strictObject({
  kind: Kind,
  reason: z.string(),
  metric: z.string(),
  role: z.enum(["validation", "test"]),
  rules: z.array(Rule),
  smallestVisibleDrop: z.number().optional(), // the true drop this many examples find 8 times in 10, by simulation
});

export type Rule = z.infer<typeof Rule>;
export type Verdict = z.infer<typeof Verdict>;
