import type { Config } from "#config/schema.ts";
import { isLoopback } from "#training/mlflow/loopback.ts";
import { type Finding, findingsAbout } from "./finding.ts";
import type { Settings } from "./repository.ts";

const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/** Whether jobs of the pipeline get what the configuration needs. `configs` are as such a job sees them, with the repository's variables. */
export function checkSettings(configs: readonly Config[], { variables, buildSecrets }: Settings): Finding[] {
  if (!variables) {
    const remedy = "ask with a token that has Variables: read; the README lists them";
    return [findingsAbout("variables").unknown("which are set", remedy)];
  }
  return [checkModels(configs), checkTracking(configs), ...checkS3(configs, { variables, buildSecrets })];
}

function checkModels(configs: readonly Config[]): Finding {
  const about = findingsAbout("where packages stay");
  const folder = configs.find(({ models }) => !models.uri.includes("://"));
  if (!folder) return about.ok([...new Set(configs.map(({ models }) => models.uri))].join(", "));
  return about.problem(
    `models.uri is ${folder.models.uri}, a folder of the runner: it is gone with the job, and no other job finds the package`,
    "set models.uri to s3://BUCKET/PREFIX, in config or by the variable SLIPWAY_SET (models.uri=s3://...)",
  );
}

function checkTracking(configs: readonly Config[]): Finding {
  const about = findingsAbout("where runs are logged");
  const own = configs.find(({ tracking }) => isLoopback(tracking.uri));
  if (!own) return about.ok([...new Set(configs.map(({ tracking }) => tracking.uri))].join(", "));
  return about.problem(
    `tracking.uri is ${own.tracking.uri}: on a runner that is the runner itself`,
    "set the variable MLFLOW_TRACKING_URI to an MLflow that runners reach",
  );
}

function checkS3(
  configs: readonly Config[],
  { variables, buildSecrets }: Pick<Settings, "buildSecrets"> & { variables: Readonly<Record<string, string>> },
): Finding[] {
  const used = configs.flatMap(({ models, data }) => [models.uri, data.root]).some((uri) => uri.startsWith("s3://"));
  if (!used) return [];
  const about = findingsAbout("access to s3://");
  const missing = ["AWS_REGION", "AWS_ENDPOINT_URL_S3"].every((name) => !variables[name]);
  const region = missing
    ? [
        about.problem(
          "neither AWS_REGION nor AWS_ENDPOINT_URL_S3 is set",
          "set the variable AWS_REGION for Amazon's S3, AWS_ENDPOINT_URL_S3 for another server",
        ),
      ]
    : [];
  if (!buildSecrets) {
    return [
      ...region,
      about.unknown(
        `whether the secrets ${keys.join(" and ")} are set`,
        "ask with a token that has Secrets: read and Environments: read",
      ),
    ];
  }
  const absent = keys.filter((key) => !buildSecrets.has(key));
  if (absent.length === 0) return [...region, about.ok(`the secrets ${keys.join(" and ")} are set`)];
  const isOwn = Boolean(variables["SLIPWAY_RUNNER"]);
  const reason = `no secret ${absent.join(", nor ")}`;
  const remedy = "add them to the environments ENV-build and pull-request, or to the repository";
  return [
    ...region,
    isOwn
      ? about.advice(reason, `fine if the runner's machine has a role of its own; else ${remedy}`)
      : about.problem(reason, remedy),
  ];
}
