import { readFile } from "node:fs/promises";
import type { RunReference } from "#training/candidate.ts";
import type { MlflowClient } from "./client.ts";
import { type EndStatus, fromLine } from "./entry.ts";
import { openJournal } from "./journal.ts";
import { hasEnded, lastTime } from "./reopen.ts";
import { sendNext, startOf } from "./send.ts";

export interface ReplayOptions {
  client: MlflowClient;
  end?: EndStatus | undefined; // for a run that was killed before it could say how it ended
}

/** The run in MLflow, and whether it is known how it ended. */
export interface Replayed {
  run: RunReference;
  ended: boolean;
  sent: boolean; // false: everything was there already
}

/**
 * Sends what MLflow does not have of the journal of a run that is over. Saying it twice changes nothing. Throws what the
 * client throws; what was acknowledged until then is not sent again.
 */
export async function replay(journalPath: string, { client, end }: ReplayOptions): Promise<Replayed> {
  await startOf(journalPath);
  const ended = closeJournal(journalPath, await readFile(journalPath, "utf8"), end);
  let progress = await sendNext(journalPath, client);
  const sent = progress.moved;
  while (progress.moved) progress = await sendNext(journalPath, client, progress.sent);
  const { trackingUri, experimentId, runId } = progress.sent;
  return { run: { trackingUri, experimentId, runId }, ended, sent };
}

function closeJournal(path: string, text: string, end: EndStatus | undefined): boolean {
  const entries = text.split("\n").slice(0, -1).map(fromLine);
  if (hasEnded(entries)) return true;
  if (end === undefined) return false;
  const journal = openJournal(path);
  journal.append({ kind: "end", time: lastTime(entries), status: end });
  journal.close();
  return true;
}
