import type { Config } from "#config/schema.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { mlflowCredentials } from "#training/mlflow/credentials.ts";
import { MlflowError, MlflowUnreachableError } from "#training/mlflow/errors.ts";
import { isLoopback } from "#training/mlflow/loopback.ts";
import { type Finding, findingsAbout } from "./finding.ts";

const lastVulnerable = [3, 10]; // CVE-2026-2614 and CVE-2026-2651 are fixed after it

/** Whether each MLflow of the configuration answers, knows itself by that name, and takes the credentials. */
export async function checkMlflow(
  configs: readonly Config[],
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Finding[]> {
  const uris = [...new Set(configs.map(({ tracking }) => tracking.uri))];
  return await Promise.all(uris.map((uri) => checkServer(uri, variables)));
}

async function checkServer(uri: string, variables: Readonly<Record<string, string | undefined>>): Promise<Finding> {
  const client = createMlflowClient({
    trackingUri: uri,
    ...mlflowCredentials(variables),
    timeoutMs: 15_000,
    retryMs: 0,
  });
  const about = findingsAbout(`MLflow at ${client.uri}`);
  try {
    const version = await client.version();
    await client.searchRuns({ experimentIds: ["0"], maxResults: 1 }); // a server with users tells its version to anyone
    return isVulnerable(version)
      ? about.advice(`${version} has known holes (CVE-2026-2614, CVE-2026-2651)`, "update it to 3.11 or newer")
      : about.ok(`${version} answers`);
  } catch (error) {
    if (error instanceof MlflowError) {
      const told = `${error.verb} ${error.url}: ${error.status}: ${error.reason}`;
      return about.problem(told, error.remedy ?? "read MLflow's own log");
    }
    if (!(error instanceof MlflowUnreachableError)) throw error;
    if (variables["GITHUB_ACTIONS"] === undefined && isLoopback(uri)) {
      return about.ok("nothing answers yet; npm start starts one");
    }
    return about.problem(error.message, "start it, or name the right one by MLFLOW_TRACKING_URI (tracking.uri)");
  } finally {
    await client.close();
  }
}

function isVulnerable(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [lastMajor = 0, lastMinor = 0] = lastVulnerable;
  return major < lastMajor || (major === lastMajor && minor <= lastMinor);
}
