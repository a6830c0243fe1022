import { existsSync, rmSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fromLine } from "./entry.ts";
import { reopen } from "./reopen.ts";
import { readSent, sentPath } from "./sent.ts";

/**
 * Puts back a journal as it was when a checkpoint was taken: what was journaled later is forgotten, and is not sent. On
 * another machine the journal comes to be. A journal of another run in its place is set aside. Returns the last step of
 * which the journal holds metrics, 0 when of none.
 */
export async function restoreJournal(path: string, bytes: Uint8Array): Promise<number> {
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  const steps = lines.map(fromLine).map((entry) => (entry.kind === "metrics" ? entry.step : 0));
  if (existsSync(path) && (await readFile(path, "utf8")).split("\n")[0] !== lines[0]) reopen(path, { resume: false });
  // That place will lie within entries that are yet to come; sending all anew doubles nothing
  const sent = await readSent(path);
  if (sent && sent.offset > bytes.length) rmSync(sentPath(path));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.tmp`, bytes);
  await rename(`${path}.tmp`, path); // a program that still writes to the old file does not reach this one
  return steps.reduce((last, step) => Math.max(last, step), 0);
}
