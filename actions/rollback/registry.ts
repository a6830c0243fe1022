import { oneLine } from "#actions/gitops/trailers.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import { MlflowError, MlflowUnreachableError } from "#training/mlflow/errors.ts";
import { blockedReason, blockVersion, moveChampionAlias } from "#training/mlflow/production.ts";

/**
 * The registry during a rollback. Production must not wait for it: where it is away or refuses, that is noted in `unfinished`
 * and it is left alone from then on.
 */
export function createRollbackRegistry(client: MlflowClient | undefined, model: string) {
  const unfinished: string[] = [];
  let isGone = client === undefined;

  async function attempt<T>(what: string, work: (client: MlflowClient) => Promise<T>): Promise<T | undefined> {
    if (isGone || !client) {
      unfinished.push(`${what}: MLflow was away`);
      return undefined;
    }
    try {
      return await work(client);
    } catch (error) {
      if (!(error instanceof MlflowError || error instanceof MlflowUnreachableError)) throw error;
      isGone = true;
      unfinished.push(`${what}: ${oneLine(error.message)}`);
      return undefined;
    }
  }

  return {
    unfinished,
    /** Why a version must not run; also `undefined` where the registry can't tell. */
    blocked: (version: string) =>
      attempt(`whether version ${version} is blocked is not known`, (registry) =>
        blockedReason(registry, { model, version }),
      ),
    /** Blocks a version unless it is blocked already. */
    block: (version: string, reason: string) =>
      attempt(`version ${version} is not tagged blocked, so that it can be promoted again`, async (registry) => {
        if ((await blockedReason(registry, { model, version })) !== undefined) return;
        await blockVersion(registry, { model, version }, reason);
      }),
    moveAlias: (env: string, version: string) =>
      attempt(`the alias champion-${env} does not point to version ${version}`, (registry) =>
        moveChampionAlias(registry, { model, env, version }),
      ),
  };
}
