import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";

/** `JOURNAL.sent.json`: the run that the journal became, and how many of its bytes MLflow has acknowledged. */
export const Sent = z.strictObject({
  trackingUri: z.string(),
  experimentId: z.string(),
  runId: z.string(),
  artifactUri: z.string(),
  offset: z.int().nonnegative(),
});
export type Sent = z.infer<typeof Sent>;

/** The file beside a journal that says what of it was sent. */
export function sentPath(journalPath: string): string {
  return `${journalPath}.sent.json`;
}

/** What was sent of the journal; `undefined` when nothing was, or the file cannot be read: sending again doubles nothing. */
export async function readSent(journalPath: string): Promise<Sent | undefined> {
  try {
    return Sent.parse(JSON.parse(await readFile(sentPath(journalPath), "utf8")));
  } catch {
    return undefined;
  }
}

export async function writeSent(journalPath: string, sent: Sent): Promise<void> {
  const path = sentPath(journalPath);
  await writeFile(`${path}.tmp`, `${JSON.stringify(sent)}\n`);
  await rename(`${path}.tmp`, path);
}
