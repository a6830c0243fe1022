import type { Candidate } from "#training/candidate.ts";
import { isAway } from "#training/mlflow/away.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";

/** A candidate that goes no further. `warning`: why MLflow does not know. */
export type Discarded = { kind: "discarded"; reason: string; warning?: string };

/** Tags the candidate's run with its failure, where MLflow can be told; throws `MlflowError` where it refuses. */
export async function discard(
  client: MlflowClient | undefined,
  candidate: Candidate,
  reason: string,
): Promise<Discarded> {
  if (!client || !candidate.run) {
    return { kind: "discarded", reason, warning: "MLflow has not seen this run, so its failure is not noted there" };
  }
  try {
    await client.logBatch(candidate.run.runId, { tags: { verdict: "fail", failure_reason: reason.slice(0, 5_000) } });
    return { kind: "discarded", reason };
  } catch (error) {
    if (!isAway(error)) throw error;
    return { kind: "discarded", reason, warning: `the failure is not noted in MLflow: ${error.message}` };
  }
}
