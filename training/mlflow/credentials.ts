/** Credentials for MLflow, from the variables that MLflow's own clients know. */
export function mlflowCredentials(variables: Readonly<Record<string, string | undefined>>) {
  return {
    username: variables["MLFLOW_TRACKING_USERNAME"],
    password: variables["MLFLOW_TRACKING_PASSWORD"],
    token: variables["MLFLOW_TRACKING_TOKEN"],
  };
}
