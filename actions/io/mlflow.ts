import type { Config } from "#config/schema.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { mlflowCredentials } from "#training/mlflow/credentials.ts";
import { runnerVariables } from "./env.ts";

/** The client of the configuration's MLflow, with the job's credentials. */
export function connectMlflow({ tracking }: Pick<Config, "tracking">) {
  return createMlflowClient({ trackingUri: tracking.uri, ...mlflowCredentials(runnerVariables()) });
}
