import type { Config } from "#config/schema.ts";
import type { GitState, RunReference } from "#training/candidate.ts";
import { isAway } from "#training/mlflow/away.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import type { ModelVersion } from "#training/mlflow/registry.ts";
import { type Outcome, outcome } from "#training/outcome.ts";
import { checkBelongTogether, checkRunIsHere } from "./checks.ts";
import { describe, type Judged, lineageTags, metricOf } from "./description.ts";
import { type Discarded, discard } from "./discard.ts";
import { type Registered, releaseOf } from "./release.ts";
import { uploadPackage } from "./upload.ts";
import { createVersion, findVersion } from "./version.ts";

/** What to register. `git`: the commit this is done for, where the candidate was trained for an earlier one with the same content. */
export interface Registration extends Judged {
  package: { folder: string; uri: string }; // on this machine, and where it stays
  git?: GitState | undefined;
}

/** `held`: nothing was registered, `next` says how to go on. */
export type RegisterResult =
  | { kind: "registered"; release: Registered; isNew: boolean }
  | Discarded
  | { kind: "held"; reason: string; next: string };

export interface RegisterParts {
  client: MlflowClient | undefined;
  config: Config;
  again?: string; // how a person repeats this
}

/**
 * Makes a candidate that passed the gate a version of its registered model: alias `staging`, stage Staging, with
 * description and lineage. The same content is found again, not registered twice. A candidate that failed is discarded:
 * its run is tagged, nothing is registered. Throws a `BadInputError` where candidate, evaluation and verdict do not
 * belong together or the package is damaged, an error where MLflow's store lost bytes, `MlflowError` for a refusal.
 */
export async function register(
  registration: Registration,
  { client, config, again = againHere(config) }: RegisterParts,
): Promise<RegisterResult> {
  const { candidate, verdict } = registration;
  checkBelongTogether(registration, config);
  const decided = outcome(verdict, config.gate.onInconclusive);
  if (decided.kind === "fail") return await discard(client, candidate, decided.reason);
  if (decided.kind === "hold") {
    return {
      kind: "held",
      reason: decided.reason,
      next: "collect more test examples, or set gate.onInconclusive: pass if this risk is yours to take",
    };
  }
  const next = `when MLflow answers again, ${again} (the trained candidate is kept and not trained again)`;
  const unseen: RegisterResult = { kind: "held", reason: "MLflow has not seen the run of this candidate yet", next };
  if (!client) return unseen;
  try {
    const found = await findVersion(client, candidate);
    if (found) return await staged(registration, { client, config, version: found, isNew: false });
    if (!candidate.run) return unseen;
    const version = await registerNew(registration, { client, config, decided, run: candidate.run });
    return await staged(registration, { client, config, version, isNew: true });
  } catch (error) {
    if (isAway(error)) return { kind: "held", reason: error.message, next };
    throw error;
  }
}

function againHere({ env, model }: Config): string {
  return `run: npm start -- --env ${env} --model ${model}`;
}

type Passed = { client: MlflowClient; config: Config; decided: Outcome; run: RunReference };

/** Marks a version as what comes next. A release of another environment's version leaves Staging to those that come. */
async function staged(
  registration: Registration,
  { client, config, version, isNew }: { client: MlflowClient; config: Config; version: ModelVersion; isNew: boolean },
): Promise<RegisterResult> {
  const { candidate, evaluation, verdict } = registration;
  if (candidate.env === config.env) {
    await client.transitionStage(candidate.model, version.version, { stage: "Staging", archiveExisting: true });
    await client.setAlias(candidate.model, "staging", version.version);
  }
  const metric = { name: verdict.metric, value: metricOf(evaluation, verdict.metric) };
  const { kind, reason } = verdict;
  const release = { ...releaseOf(registration, { client, config, version }), metric, verdict: { kind, reason } };
  const tags = { verdict: verdict.kind, registered_version: version.version };
  await client.logBatch(release.runId, { tags });
  return { kind: "registered", release, isNew };
}

async function registerNew(
  registration: Registration,
  { client, config, decided, run }: Passed,
): Promise<ModelVersion> {
  const {
    candidate,
    package: { folder },
  } = registration;
  const tags = lineageTags(registration);
  const { experimentId, runId } = run;
  await checkRunIsHere(client, run);
  const logged = await client.createLoggedModel({ experimentId, name: candidate.model, sourceRunId: runId, tags });
  try {
    await uploadPackage(client, { folder, digest: candidate.modelDigest }, logged.artifactUri);
  } catch (error) {
    await client.finalizeLoggedModel(logged.modelId, "LOGGED_MODEL_UPLOAD_FAILED").catch(() => undefined); // the upload's error tells
    throw error;
  }
  await client.finalizeLoggedModel(logged.modelId, "LOGGED_MODEL_READY");
  await client.addOutputs(runId, [{ modelId: logged.modelId, step: candidate.bestEpoch }]);
  const model = await client.createRegisteredModel({ name: candidate.model, description: config.description });
  if (config.description && model.description !== config.description) {
    await client.updateRegisteredModel(candidate.model, { description: config.description });
  }
  const description = describe(registration, decided);
  return await createVersion(client, candidate, { modelId: logged.modelId, runId, description, tags });
}
