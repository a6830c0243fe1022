import { basename } from "node:path";
import type { DataSummary, Device, GitState } from "#training/candidate.ts";
import type { DatasetInput } from "./run.ts";

/** Where a run comes from. */
export interface Origin {
  program: string; // path of the program in the repository, e.g. training/train/main.ts
  user?: string | undefined;
  git?: (GitState & { repositoryUrl?: string | undefined }) | undefined;
  device: Device;
  data: DataSummary;
  contentHash: string;
}

/** A run's tags: MLflow's own names (mlflow/utils/mlflow_tags.py) where it has one, `slipway.*` for the rest. */
export function tagsOf({ program, user, git, device, data, contentHash }: Origin): Record<string, string> {
  const tags: Record<string, string | undefined> = {
    "mlflow.source.type": git ? "PROJECT" : "LOCAL",
    "mlflow.source.name": git?.repositoryUrl ?? program,
    "mlflow.project.entryPoint": basename(program),
    "mlflow.user": user,
    "mlflow.source.git.commit": git?.sha,
    "mlflow.source.git.branch": git?.branch,
    "mlflow.source.git.dirty": git && String(git.dirty),
    "mlflow.source.git.repoURL": git?.repositoryUrl,
    "slipway.content_hash": contentHash,
    "slipway.data_fingerprint": data.fingerprint,
    "slipway.test_fingerprint": data.testFingerprint,
    "slipway.device": device.backend,
    "slipway.device.name": device.name,
    "slipway.device.reason": device.reason,
  };
  return Object.fromEntries(Object.entries(tags).filter((tag): tag is [string, string] => tag[1] !== undefined));
}

/** The data as MLflow shows it beside a run. Its digest is the start of the fingerprint: MLflow keeps 36 characters. */
export function datasetsOf(name: string, uri: string, data: DataSummary): DatasetInput[] {
  const source = JSON.stringify({ uri });
  const sourceType = uri.startsWith("s3:") ? "s3" : "local";
  const roles = [
    { context: "training", fingerprint: data.fingerprint, rows: data.rows.train },
    { context: "validation", fingerprint: data.validationFingerprint, rows: data.rows.validation },
    { context: "test", fingerprint: data.testFingerprint, rows: data.rows.test },
  ];
  return roles.map(({ context, fingerprint, rows }) => ({
    ...{
      name: `${name} (${context})`,
      digest: fingerprint.replace("sha256:", "").slice(0, 32),
      source,
      sourceType,
      context,
    },
    profile: JSON.stringify({ rows, classes: Object.keys(data.classes).length, fingerprint }),
  }));
}
