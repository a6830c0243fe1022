import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Config } from "#config/schema.ts";
import { startBackend } from "#training/backend.ts";
import type { Candidate, DataSummary, Device, GitState } from "#training/candidate.ts";
import { candidatePrefix, fetchCandidate } from "#training/candidate-store.ts";
import { contentHash } from "#training/content-hash.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { dataManifest } from "#training/data/manifest.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import type { EndStatus } from "#training/mlflow/entry.ts";
import { MlflowError, MlflowUnreachableError } from "#training/mlflow/errors.ts";
import { replay } from "#training/mlflow/replay.ts";
import { type Arrival, createTracker, type Tracker } from "#training/mlflow/tracker.ts";
import type { Storage } from "#training/storage/storage.ts";
import { isTiny } from "#training/tiny.ts";
import { type EpochProgress, makeCandidate } from "./make-candidate.ts";
import { logBeginning } from "./record.ts";

/** What training tells while it goes on; `candidate` is the last. `reused`: the same content was trained before. */
export type TrainEvent =
  | { kind: "data"; summary: DataSummary }
  | { kind: "device"; device: Device }
  | EpochProgress
  | { kind: "candidate"; candidate: Candidate; folder: string; reused: boolean; arrival: Arrival };

export interface TrainCandidateOptions {
  /** The checkout: the configuration's relative paths start here. */
  root: string;
  config: Config;
  storage: Storage;
  /** Absent: the run is only written to its journal, to be replayed later. */
  client: MlflowClient | undefined;
  git?: GitState | undefined;
  signal?: AbortSignal | undefined;
  info: (line: string) => void;
}

/**
 * Trains a model from its configuration to a candidate, or finds the candidate of the same content hash. The candidate
 * lies in `folder` (`OUTPUTS/MODEL/HASH`) and in the storage.
 * @throws BadInputError for bad data or a diverging loss; the signal's reason.
 */
export async function* trainCandidate(options: TrainCandidateOptions): AsyncGenerator<TrainEvent, void> {
  const { root, config, storage, signal } = options;
  const source = { root, info: options.info };
  const files = await dataManifest(config.data, source);
  const content = await contentHash({ root, config, files });
  const folder = resolve(root, config.outputs, candidatePrefix(config.model, content.hash));
  const found = await fetchCandidate(storage, folder, { model: config.model, contentHash: content.hash });
  if (found) {
    const arrival = await replayed(options.client, join(folder, journalFile));
    yield { kind: "candidate", candidate: withRun(found, arrival), folder, reused: true, arrival };
    return;
  }

  const dataset = await loadDataset(config.data, source);
  yield { kind: "data", summary: dataset.summary };
  const device = await startBackend(config.device, { tiny: isTiny(dataset.inputShape) });
  yield { kind: "device", device };

  await mkdir(folder, { recursive: true });
  const tracker = openTracker(options, folder);
  let status: EndStatus = "KILLED"; // also when the caller stops listening
  try {
    logBeginning(tracker, { config, dataset, device, content, git: options.git });
    const candidate = yield* makeCandidate({
      config,
      git: options.git,
      signal,
      dataset,
      device,
      content,
      folder,
      tracker,
    });
    await storage.upload(folder, candidatePrefix(config.model, content.hash), { last: "candidate/candidate.json" });
    status = "FINISHED";
    tracker.end(status);
    const arrival = await tracker.flush();
    yield { kind: "candidate", candidate: withRun(candidate, arrival), folder, reused: false, arrival };
  } catch (error) {
    if (!signal?.aborted) status = "FAILED";
    throw error;
  } finally {
    if (status !== "FINISHED") {
      tracker.end(status);
      await tracker.flush({ timeoutMs: lastFlushMs });
    }
    tracker.close();
  }
}

const journalFile = "journal.jsonl";
const lastFlushMs = 5_000; // someone waits for the program to end

function openTracker({ config, client }: TrainCandidateOptions, folder: string): Tracker {
  return createTracker({
    journalPath: join(folder, journalFile),
    client,
    experiment: config.tracking.experiment ?? config.model,
    runName: `${config.model}-${config.env}`,
  });
}

/** The rest of an earlier training's journal goes to an MLflow that was away then. */
async function replayed(client: MlflowClient | undefined, journal: string): Promise<Arrival> {
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
