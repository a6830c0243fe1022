import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { Candidate, GitState } from "#training/candidate.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import type { ModelVersion } from "#training/mlflow/registry.ts";
import type { Release } from "#training/release.ts";
import { findVersion } from "./version.ts";

export type Registered = Extract<Release, { state: "registered" }>;

/** What a release is made of. `git`: the commit it is made for, where the candidate was trained for another one. */
export interface ReleaseParts {
  candidate: Candidate;
  package: { uri: string };
  git?: GitState | undefined;
}

/** The release of a version in the environment of the configuration, which may not be the one that trained it. */
export function releaseOf(
  { candidate, package: { uri }, git = candidate.git }: ReleaseParts,
  { client, config, version }: { client: MlflowClient; config: Config; version: ModelVersion },
): Registered {
  return {
    state: "registered",
    model: candidate.model,
    env: config.env,
    version: version.version,
    modelDigest: candidate.modelDigest,
    contentHash: candidate.contentHash,
    trackingUri: client.uri,
    runId: version.runId ?? candidate.run?.runId ?? "",
    modelId: version.modelId ?? version.source.replace(/^models:\//, ""),
    ...(git && { gitSha: git.sha }),
    packageUri: uri,
    registeredAt: new Date(version.createdAt ?? Date.now()).toISOString(),
  };
}

/**
 * The release of a version that was registered before, to build its image anew: nothing is judged or written.
 * Throws a `BadInputError` where no version has this content.
 */
export async function findRelease(
  parts: ReleaseParts,
  { client, config }: { client: MlflowClient; config: Config },
): Promise<Registered> {
  const version = await findVersion(client, parts.candidate);
  if (version) return releaseOf(parts, { client, config, version });
  throw new BadInputError(
    `no version of ${parts.candidate.model} in ${client.uri} has the digest ${parts.candidate.modelDigest}; evaluate and judge this candidate, then register it with both files`,
  );
}
