import type { Candidate } from "#training/candidate.ts";
import type { Evaluation } from "#training/evaluation.ts";
import { metricName, metricText } from "#training/metric-text.ts";
import type { Outcome } from "#training/outcome.ts";
import type { Verdict } from "#training/verdict.ts";

/** A trained and judged candidate. */
export interface Judged {
  candidate: Candidate;
  evaluation: Evaluation;
  verdict: Verdict;
}

/** What a person reads of a model version in MLflow. */
export function describe({ candidate, evaluation, verdict }: Judged, outcome: Outcome): string {
  const value = metricText(verdict.metric, metricOf(evaluation, verdict.metric));
  const commit = candidate.git
    ? ` from commit ${candidate.git.sha.slice(0, 12)}${candidate.git.dirty ? " with local changes" : ""}`
    : "";
  const looks = evaluation.looks > 1 ? `, which was looked at ${evaluation.looks} times` : "";
  return [
    `${metricName(verdict.metric)} ${value} on ${evaluation.rows} ${evaluation.role} examples${looks}.`,
    `Gate: ${outcome.reason}.`,
    `Trained${commit} for ${candidate.env} in ${candidate.seconds.toFixed(1)} s on ${candidate.device.name}.`,
  ].join("\n\n");
}

/** Where a model version came from, by tag: what a search in MLflow can ask for. */
export function lineageTags({ candidate, evaluation, verdict }: Judged): Record<string, string> {
  return {
    env: candidate.env,
    content_hash: candidate.contentHash,
    model_digest: candidate.modelDigest,
    data_fingerprint: candidate.data.fingerprint,
    test_looks: String(evaluation.looks),
    verdict: verdict.kind,
    ...(candidate.git && { git_sha: candidate.git.sha, git_dirty: String(candidate.git.dirty) }),
  };
}

/** The candidate's value of a metric of the gate. */
export function metricOf(evaluation: Evaluation, metric: string): number {
  const { perClass, confusion, ...metrics } = evaluation.candidate.metrics;
  return metrics[metric as keyof typeof metrics];
}
