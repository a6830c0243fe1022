import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { GitState, RunReference } from "#training/candidate.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import type { ModelVersion } from "#training/mlflow/registry.ts";
import { type Outcome, outcome } from "#training/outcome.ts";
import type { Release } from "#training/release.ts";
import { isAway } from "./away.ts";
import { describe, type Judged, lineageTags, metricOf } from "./description.ts";
import { type Discarded, discard } from "./discard.ts";
import { uploadPackage } from "./upload.ts";
import { createVersion, findVersion } from "./version.ts";

/** What to register. `git`: the commit this is done for, where the candidate was trained for an earlier one with the same content. */
export interface Registration extends Judged {
  package: { folder: string; uri: string }; // on this machine, and where it stays
  git?: GitState | undefined;
}

/** `held`: nothing was registered, `next` says how to go on. */
export type RegisterResult =
  | { kind: "registered"; release: Extract<Release, { state: "registered" }>; isNew: boolean }
  | Discarded
  | { kind: "held"; reason: string; next: string };

/**
 * Makes a candidate that passed the gate a version of its registered model: alias `staging`, stage Staging, with
 * description and lineage. The same content is found again, not registered twice. A candidate that failed is discarded:
 * its run is tagged, nothing is registered. Throws a `BadInputError` where candidate, evaluation and verdict do not
 * belong together or the package is damaged, an error where MLflow's store lost bytes, `MlflowError` for a refusal.
 */
export async function register(
  registration: Registration,
  { client, config }: { client: MlflowClient | undefined; config: Config },
): Promise<RegisterResult> {
  const { candidate, verdict } = registration;
  checkBelongTogether(registration);
  const decided = outcome(verdict, config.gate.onInconclusive);
  if (decided.kind === "fail") return await discard(client, candidate, decided.reason);
  if (decided.kind === "hold") {
    return {
      kind: "held",
      reason: decided.reason,
      next: "collect more test examples, or set gate.onInconclusive: pass if this risk is yours to take",
    };
  }
  const again = `npm start -- --env ${candidate.env} --model ${candidate.model}`;
  const next = `when MLflow answers again, run: ${again} (the trained candidate is kept and not trained again)`;
  if (!client || !candidate.run)
    return { kind: "held", reason: "MLflow has not seen the run of this candidate yet", next };
  try {
    return await registerPassed(registration, { client, config, decided, run: candidate.run });
  } catch (error) {
    if (isAway(error)) return { kind: "held", reason: error.message, next };
    throw error;
  }
}

/** Points the alias of an environment's champion to the version that runs there: called once it is deployed. */
export async function moveChampionAlias(
  client: MlflowClient,
  release: Pick<Release, "model" | "env" | "version">,
): Promise<void> {
  await client.setAlias(release.model, `champion-${release.env}`, release.version);
}

type Passed = { client: MlflowClient; config: Config; decided: Outcome; run: RunReference };

async function registerPassed(
  registration: Registration,
  { client, config, decided, run }: Passed,
): Promise<RegisterResult> {
  const { candidate } = registration;
  const found = await findVersion(client, candidate);
  const version = found ?? (await registerNew(registration, { client, config, decided, run }));
  await client.transitionStage(candidate.model, version.version, { stage: "Staging", archiveExisting: true });
  await client.setAlias(candidate.model, "staging", version.version);
  await client.logBatch(run.runId, {
    tags: { verdict: registration.verdict.kind, registered_version: version.version },
  });
  return { kind: "registered", release: releaseOf(registration, client, version), isNew: found === undefined };
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

function releaseOf(
  registration: Registration,
  client: MlflowClient,
  version: ModelVersion,
): Extract<Release, { state: "registered" }> {
  const { candidate, evaluation, verdict, git = candidate.git } = registration;
  return {
    state: "registered",
    model: candidate.model,
    env: candidate.env,
    version: version.version,
    modelDigest: candidate.modelDigest,
    contentHash: candidate.contentHash,
    trackingUri: client.uri,
    runId: version.runId ?? candidate.run?.runId ?? "",
    modelId: version.modelId ?? version.source.replace(/^models:\//, ""),
    ...(git && { gitSha: git.sha }),
    packageUri: registration.package.uri,
    metric: { name: verdict.metric, value: metricOf(evaluation, verdict.metric) },
    registeredAt: new Date(version.createdAt ?? Date.now()).toISOString(),
  };
}

function checkBelongTogether({ candidate, evaluation, verdict }: Registration): void {
  if (evaluation.candidate.modelDigest !== candidate.modelDigest) {
    throw new BadInputError(
      `the evaluation is of ${evaluation.candidate.modelDigest}, the candidate is ${candidate.modelDigest}: evaluate again`,
    );
  }
  if (evaluation.role !== "test" || verdict.role !== "test") {
    throw new BadInputError(
      "only a candidate that was judged on test examples can be registered, not one of a pull request",
    );
  }
}
