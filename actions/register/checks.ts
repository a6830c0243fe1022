import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { RunReference } from "#training/candidate.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import { orMissing } from "#training/mlflow/errors.ts";
import type { Judged } from "./description.ts";

/** Throws a `BadInputError` where candidate, evaluation, verdict and configuration are not of one model and environment. */
export function checkBelongTogether({ candidate, evaluation, verdict }: Judged, { env, model }: Config): void {
  if (candidate.model !== model) throw new BadInputError(`the candidate is of ${candidate.model}, not of ${model}`);
  if (evaluation.candidate.modelDigest !== candidate.modelDigest) {
    throw new BadInputError(
      `the evaluation is of ${evaluation.candidate.modelDigest}, the candidate is ${candidate.modelDigest}: evaluate again`,
    );
  }
  if (evaluation.env !== env)
    throw new BadInputError(`the evaluation was made for ${evaluation.env}, not for ${env}: evaluate with its data`);
  if (evaluation.role !== "test" || verdict.role !== "test") {
    throw new BadInputError(
      "only a candidate that was judged on test examples can be registered, not one of a pull request",
    );
  }
}

/** Throws a `BadInputError` where the candidate's run is in another MLflow, as when environments do not share one. */
export async function checkRunIsHere(client: MlflowClient, { runId, trackingUri }: RunReference): Promise<void> {
  if (await orMissing(client.getRun(runId))) return;
  throw new BadInputError(
    `the run ${runId} of this candidate is in ${trackingUri}, not in ${client.uri}: let both environments use one MLflow (tracking.uri), or train in this one (promotion.retrain: true)`,
  );
}
