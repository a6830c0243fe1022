import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import { type Batch, toBatches } from "./batches.ts";
import type { MlflowClient } from "./client.ts";
import type { Entry, Start } from "./entry.ts";
import { orMissing } from "./errors.ts";
import { type PlacedEntry, readJournal } from "./journal.ts";
import type { Run } from "./run.ts";
import { readSent, type Sent, writeSent } from "./sent.ts";

/** The tag by which a journal's run is found again. */
export const journalTag = "slipway.journal";
const parentTag = "mlflow.parentRunId"; // by which MLflow's page shows a run below another

const windowBytes = 256 * 1024; // of journal, between two acknowledgements

/** How far a journal got. */
export interface Progress {
  sent: Sent;
  moved: boolean; // false: nothing was left to send
}

/**
 * Sends the next part of a journal to its run in MLflow, which is found by its tag or made, and notes what was
 * acknowledged. May be repeated after any failure: MLflow keeps one of two equal points, params and tags, and files are
 * written over. Throws what the client throws.
 */
export async function sendNext(journalPath: string, client: MlflowClient, known?: Sent): Promise<Progress> {
  const start = await startOf(journalPath);
  const sent = known ?? (await findRun(journalPath, { client, start }));
  // What a held journal has released is said further on in it
  const maximumBytes = start.hold ? undefined : windowBytes;
  const unsent = await readJournal(journalPath, { from: sent.offset, maximumBytes });
  const released = start.hold ? unsent.filter(({ end }) => end <= releasedUpTo(unsent)) : unsent;
  const window = released.slice(
    0,
    released.findIndex(({ end }) => end - sent.offset >= windowBytes) + 1 || released.length,
  );
  const last = window.at(-1);
  if (last === undefined) return { sent, moved: false };
  await sendEntries(window, { journalPath, client, sent });
  const next = { ...sent, offset: last.end };
  await writeSent(journalPath, next);
  return { sent: next, moved: true };
}

/** The first entry of a journal. Throws `BadInputError` when the file is no journal. */
export async function startOf(journalPath: string): Promise<Start> {
  const [first] = await readJournal(journalPath, { maximumBytes: 1024 });
  if (first?.entry.kind !== "start")
    throw new BadInputError(`${journalPath} is not a journal: it does not begin with a start entry`);
  return first.entry;
}

async function findRun(journalPath: string, { client, start }: { client: MlflowClient; start: Start }): Promise<Sent> {
  const before = await readSent(journalPath);
  if (before?.trackingUri === client.uri && before.offset <= (await stat(journalPath)).size) {
    const run = await orMissing(client.getRun(before.runId));
    if (run && !run.deleted) return before;
  }
  const experimentId = await client.getOrCreateExperiment(start.experiment);
  const { id, parent, runName, time: startTime } = start;
  const parentRun = parent && (await findOrMake(client, { experimentId, ...parent, startTime, tags: {} }));
  const tags = { ...start.tags, ...(parentRun && { [parentTag]: parentRun.runId }) };
  const run = await findOrMake(client, { experimentId, id, runName, startTime, tags });
  const sent = { trackingUri: client.uri, experimentId, runId: run.runId, artifactUri: run.artifactUri, offset: 0 };
  await writeSent(journalPath, sent);
  return sent;
}

async function findOrMake(
  client: MlflowClient,
  { id, tags, ...run }: Pick<Start, "id" | "runName" | "tags"> & { experimentId: string; startTime: number },
): Promise<Run> {
  const filter = `tags.\`${journalTag}\` = '${id}'`;
  const [found] = await client.searchRuns({ experimentIds: [run.experimentId], filter, maxResults: 1 });
  return found ?? (await client.createRun({ ...run, tags: { ...tags, [journalTag]: id } }));
}

interface Target {
  journalPath: string;
  client: MlflowClient;
  sent: Sent;
}

async function sendEntries(placed: readonly PlacedEntry[], { journalPath, client, sent }: Target): Promise<void> {
  const entries = placed.map(({ entry }) => entry);
  const loggable = entries.filter(
    (entry) => entry.kind === "params" || entry.kind === "tags" || entry.kind === "metrics",
  );
  for (const batch of toBatches(loggable)) await client.logBatch(sent.runId, batch);
  const datasets = entries.flatMap((entry) => (entry.kind === "dataset" ? [entry.dataset] : []));
  if (datasets.length > 0) await client.logInputs(sent.runId, datasets);
  for (const entry of entries) {
    if (entry.kind !== "artifact") continue;
    const file = resolve(dirname(journalPath), entry.file);
    if (existsSync(file)) await client.uploadArtifact(sent.artifactUri, entry.path, { file });
    else await client.logBatch(sent.runId, missingFile(entry.path));
  }
  // Last, so that a run that MLflow calls finished is whole
  const status = entries.findLast((entry) => entry.kind === "end" || entry.kind === "resume");
  if (status?.kind === "resume") await client.updateRun(sent.runId, { status: "RUNNING" });
  if (status?.kind === "end") await client.updateRun(sent.runId, { status: status.status, endTime: status.time });
}

// The run must still end truly; the gap is to be seen in MLflow
function missingFile(path: string): Batch {
  return { metrics: [], params: {}, tags: { "slipway.missing_artifact": path } };
}

function releasedUpTo(unsent: readonly PlacedEntry[]): number {
  let offset = 0;
  for (const { entry, end } of unsent) offset = Math.max(offset, releaseOf(entry, end));
  return offset;
}

function releaseOf(entry: Entry, end: number): number {
  if (entry.kind === "durable") return entry.offset;
  return entry.kind === "end" ? end : 0;
}
