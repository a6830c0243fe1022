import { appendFile, stat } from "node:fs/promises";
import { runnerVariables } from "./env.ts";

const limitBytes = 1024 * 1024; // of a step; GitHub drops a summary that is larger
const cutNote = "\n\n> This summary was cut off here: GitHub shows 1 MiB a step.\n";

/** Appends markdown to the summary of the job's run page, cut off at a line where it would grow too large. */
export async function writeSummary(markdown: string): Promise<void> {
  const path = runnerVariables()["GITHUB_STEP_SUMMARY"];
  if (!path) return; // not on a runner
  const usedBytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  await appendFile(path, fitted(`${markdown.trimEnd()}\n\n`, limitBytes - usedBytes));
}

/** `text` if it takes no more than `bytes`, else its first lines and a note. */
export function fitted(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  const room = bytes - Buffer.byteLength(cutNote);
  if (room < 0) return "";
  const end = whole.subarray(0, room).lastIndexOf("\n");
  return whole.subarray(0, Math.max(end, 0)).toString("utf8") + cutNote;
}
