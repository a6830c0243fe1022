import { z } from "zod";

/** How many trials a Job has, an index of its own each, and how many it may train at once. */
export interface SweepOrder {
  trials: number;
  parallelism: number;
}

/** What of a Job says how often it is tried, and what ends it. */
export const RetryPolicy = z.looseObject({
  backoffLimit: z.int().nonnegative().optional(),
  podFailurePolicy: z.looseObject({ rules: z.array(z.looseObject({ action: z.string() })) }).optional(),
});

/**
 * A Job's spec with a trial an index: what fails or is tried again is that trial alone.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index
 */
export function indexed(spec: z.infer<typeof RetryPolicy>, { trials, parallelism }: SweepOrder) {
  const { backoffLimit = 6, podFailurePolicy, ...rest } = spec; // what Kubernetes takes for a whole Job
  const rules = podFailurePolicy?.rules.map((rule) => {
    return rule.action === "FailJob" ? { ...rule, action: "FailIndex" } : rule;
  });
  return {
    completionMode: "Indexed",
    completions: trials,
    parallelism,
    backoffLimitPerIndex: backoffLimit,
    ...(rules && { podFailurePolicy: { ...podFailurePolicy, rules } }),
    ...rest,
  };
}
