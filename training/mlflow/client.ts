import { createArtifacts } from "./artifacts.ts";
import { createExperiments } from "./experiments.ts";
import { type ConnectionOptions, createHttp } from "./http.ts";
import { createLoggedModels } from "./logged-models.ts";
import { createRegistry } from "./registry.ts";
import { createRuns } from "./runs.ts";

export type MlflowClient = ReturnType<typeof createMlflowClient>;

/**
 * MLflow's REST API, typed and checked both ways: nothing that MLflow would misread is sent, every answer is parsed.
 * Throws `MlflowError` (a refusal, with the reason and what to do), `MlflowUnreachableError` (no answer) and `RangeError`
 * (an input that MLflow would refuse or cut).
 */
export function createMlflowClient(options: ConnectionOptions) {
  const http = createHttp(options);
  return {
    /** The tracking URI without credentials. */
    uri: http.uri,

    /** MLflow's version, e.g. 3.17.2. */
    async version(): Promise<string> {
      return (await http.bytes({ verb: "GET", path: "/version", idempotent: true })).toString("utf8").trim();
    },

    ...createExperiments(http),
    ...createRuns(http),
    ...createArtifacts(http),
    ...createLoggedModels(http),
    ...createRegistry(http),

    /** Ends every connection; calls under way fail. */
    close: http.close,
  };
}
