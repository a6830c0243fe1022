import type { RunReference } from "#training/candidate.ts";

/** Where MLflow's pages begin. */
export function mlflowUrl(trackingUri: string): string {
  return `${trackingUri.replace(/\/+$/, "")}/#`;
}

/** The page of a run. */
export function runUrl({ trackingUri, experimentId, runId }: RunReference): string {
  return `${mlflowUrl(trackingUri)}/experiments/${encodeURIComponent(experimentId)}/runs/${encodeURIComponent(runId)}`;
}
