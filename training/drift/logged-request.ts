import { z } from "zod";

/** A line of a server's request log: what was asked, in the bins of the reference, and what was answered. */
export const LoggedRequest = z.object({
  time: z.iso.datetime(),
  digest: z.string(), // of the model's package
  inputs: z.array(z.array(z.int().nonnegative())), // of each input column, values in each bin
  class: z.string(),
  confidence: z.number().min(0).max(1),
});
export type LoggedRequest = z.infer<typeof LoggedRequest>;
