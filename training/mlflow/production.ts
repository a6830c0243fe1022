import type { MlflowClient } from "./client.ts";

/** A version of a registered model. */
export interface VersionName {
  model: string;
  version: string;
}

const tag = "blocked";
const longestReason = 1_000; // characters; MLflow cuts a long tag without a word

/** Why a version must not run in production; `undefined` when it may, "" where nobody said why. */
export async function blockedReason(
  client: MlflowClient,
  { model, version }: VersionName,
): Promise<string | undefined> {
  return (await client.getModelVersion(model, version))?.tags[tag];
}

/** Keeps a version out of production until its tag `blocked` is removed. */
export async function blockVersion(
  client: MlflowClient,
  { model, version }: VersionName,
  reason: string,
): Promise<void> {
  await client.setModelVersionTag(model, version, { key: tag, value: reason.slice(0, longestReason) });
}

/** Points the alias of an environment's champion to the version that runs there. */
export async function moveChampionAlias(
  client: MlflowClient,
  { model, env, version }: VersionName & { env: string },
): Promise<void> {
  await client.setAlias(model, `champion-${env}`, version);
}
