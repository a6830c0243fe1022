import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import { startBackend } from "#training/backend.ts";
import type { Candidate, DataSummary, Device, Digest, GitState } from "#training/candidate.ts";
import { candidatePrefix, fetchCandidate } from "#training/candidate-store.ts";
import { deleteCheckpoints } from "#training/checkpoint/store.ts";
import { contentHash } from "#training/content-hash.ts";
import { dataManifest } from "#training/data/manifest.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import type { EndStatus } from "#training/mlflow/entry.ts";
import { MlflowError, MlflowUnreachableError } from "#training/mlflow/errors.ts";
import { replay } from "#training/mlflow/replay.ts";
import type { Arrival } from "#training/mlflow/tracker.ts";
import type { Storage } from "#training/storage/storage.ts";
import { isTiny } from "#training/tiny.ts";
import { type EpochProgress, makeCandidate } from "./make-candidate.ts";
import { isStillOurs, openRun, type TrialRun } from "./open-run.ts";
import { loadExamples, openBasis } from "./prepare.ts";
import { logBeginning, logOrigin } from "./record.ts";

/** What training tells while it goes on; `candidate` is the last. `reused`: the same content was trained before. */
export type TrainEvent =
  | { kind: "data"; summary: DataSummary }
  | { kind: "device"; device: Device }
  | EpochProgress
  | { kind: "candidate"; candidate: Candidate; folder: string; reused: boolean; arrival: Arrival };

export interface TrainCandidateOptions {
  /** The models' repository: the configuration's relative paths start here. */
  root: string;
  /** Slipway's own checkout, whose training code counts to the content. */
  codeRoot: string;
  config: Config;
  storage: Storage;
  /** Absent: the run is only written to its journal, to be replayed later. */
  client: MlflowClient | undefined;
  git?: GitState | undefined;
  /** What the content hash must be: somebody waits for the candidate of this name. */
  expectedHash?: Digest | undefined;
  trial?: TrialRun | undefined; // of a sweep; of a training that begins anew
  signal?: AbortSignal | undefined;
  info: (line: string) => void;
}

/**
 * Trains a model from its configuration to a candidate, or finds the candidate of the same content hash. The candidate
 * lies in `folder` (`OUTPUTS/MODEL/HASH`) and in the storage.
 *
 * A training of the same content hash that was stopped or killed goes on from its last checkpoint, in the same run. When
 * the signal stops it, a checkpoint is taken and the run is KILLED in MLflow; it is RUNNING again once it is resumed.
 * After a SIGKILL MLflow hears nothing and says RUNNING until then.
 * @throws BadInputError for bad data or a diverging loss; TakenOverError; the signal's reason.
 */
export async function* trainCandidate(options: TrainCandidateOptions): AsyncGenerator<TrainEvent, void> {
  const { root, codeRoot, config, storage, client, signal, git, info } = options;
  const source = { root, info, signal };
  const basis = await openBasis(config, source);
  const files = [...(await dataManifest(config.data, source)), ...(basis?.files ?? [])];
  const content = await contentHash({ codeRoot, config, files });
  if (options.expectedHash && content.hash !== options.expectedHash) {
    throw new BadInputError(
      `the content is ${content.hash}, ${options.expectedHash} was asked for: data, configuration, training code or package-lock.json are other ones (${JSON.stringify(content.ingredients)})`,
    );
  }
  const prefix = candidatePrefix(config.model, content.hash);
  const checkpoints = `${prefix}/checkpoints`;
  const folder = resolve(root, config.outputs, prefix);
  const journalPath = join(folder, journalFile);
  const found = await fetchCandidate(storage, folder, { model: config.model, contentHash: content.hash });
  if (found) {
    await deleteCheckpoints(storage, checkpoints); // a program that was killed at its very end leaves them
    const arrival = await replayed(client, journalPath);
    yield { kind: "candidate", candidate: withRun(found, arrival), folder, reused: true, arrival };
    return;
  }

  const { dataset, texts } = await loadExamples(config, basis, source);
  yield { kind: "data", summary: dataset.summary };
  const device = await startBackend(config.device, { tiny: !basis && isTiny(dataset.inputShape), setUp: info });
  yield { kind: "device", device };

  await mkdir(folder, { recursive: true });
  const { tracker, keeper, resumed, isNew } = await openRun({
    config,
    storage,
    client,
    info,
    checkpoints,
    journalPath,
    trial: options.trial,
  });
  let status: EndStatus = "KILLED"; // also when the caller stops listening
  try {
    (isNew ? logBeginning : logOrigin)(tracker, { config, dataset, device, content, git });
    await keeper.keepJournal(); // whoever resumes this training finds its run
    const run = { tracker, keeper, resumed };
    const text = basis && { basis, examples: texts ?? [] };
    const candidate = yield* makeCandidate({ config, git, signal, dataset, text, device, content, folder, ...run });
    await keeper.confirm(); // packaging took its time
    await storage.upload(folder, prefix, { last: "candidate/candidate.json" });
    status = "FINISHED";
    tracker.end(status);
    const arrival = await tracker.flush();
    await deleteCheckpoints(storage, checkpoints);
    yield { kind: "candidate", candidate: withRun(candidate, arrival), folder, reused: false, arrival };
  } catch (error) {
    if (!signal?.aborted) status = "FAILED";
    throw error;
  } finally {
    if (status !== "FINISHED" && (await isStillOurs(keeper, info))) {
      tracker.end(status);
      await tracker.flush({ timeoutMs: lastFlushMs });
    }
    tracker.close();
  }
}

export const journalFile = "journal.jsonl";
const lastFlushMs = 5_000; // someone waits for the program to end

/** The rest of an earlier training's journal goes to an MLflow that was away then. */
export async function replayed(client: MlflowClient | undefined, journal: string): Promise<Arrival> {
  if (!client) return { arrived: false, reason: "there is no MLflow to send to" };
  try {
    return { arrived: true, run: (await replay(journal, { client, end: "FINISHED" })).run };
  } catch (error) {
    if (error instanceof MlflowError || error instanceof MlflowUnreachableError)
      return { arrived: false, reason: error.message };
    throw error;
  }
}

/** The run is known only once its journal has arrived, which may be long after training. */
function withRun(candidate: Candidate, arrival: Arrival): Candidate {
  return arrival.arrived ? { ...candidate, run: arrival.run } : candidate;
}
