import { z } from "zod";

/** What requests are compared with the model's reference, and when they count as drifted: far off, and more than chance. */
export const Drift = z.strictObject({
  log: z.string().min(1).optional(), // folder or s3:// with the request logs of each model in MODEL/
  hours: z.number().positive().default(168), // the newest ones that are looked at
  psi: z.number().positive().default(0.2), // smallest population stability index that counts
  p: z.number().positive().lt(1).default(0.01), // largest chance, of all comparisons together, that counts
  minimumRows: z.int().positive().default(200), // fewer requests say nothing
});
export type Drift = z.infer<typeof Drift>;
