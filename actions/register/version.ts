import type { Candidate } from "#training/candidate.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import type { ModelVersion } from "#training/mlflow/registry.ts";

/** The version that was registered for this content and these weights before; the first one where there are several. */
export async function findVersion(client: MlflowClient, candidate: Candidate): Promise<ModelVersion | undefined> {
  const { model, contentHash, modelDigest } = candidate;
  const filter = `name = '${model}' and tags.content_hash = '${contentHash}' and tags.model_digest = '${modelDigest}'`;
  return (await client.searchModelVersions(filter)).findLast((version) => version.status === "READY");
}

/**
 * Registers a version of `candidate.model`, once: of registrations of the same content at the same time the lowest
 * version stays and the others take their own back, before any alias points to them.
 */
export async function createVersion(
  client: MlflowClient,
  candidate: Candidate,
  version: { modelId: string; runId: string; description: string; tags: Record<string, string> },
): Promise<ModelVersion> {
  const { model: name } = candidate;
  const created = await client.createModelVersion({ name, source: `models:/${version.modelId}`, ...version });
  const first = await findVersion(client, candidate);
  if (!first || first.version === created.version) return created;
  await client.deleteModelVersion(name, created.version);
  return first;
}
