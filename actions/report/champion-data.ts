import { Candidate } from "#training/candidate.ts";
import { openStorage } from "#training/storage/open.ts";
import type { ChampionData } from "./report-input.ts";

/**
 * What the champion was trained on, from the `candidate.json` beside its package (`packageUri`, a folder or `s3://`).
 * A report is worth having without it, so that nothing is thrown where it can't be read.
 */
export async function readChampionData(packageUri: string, root: string): Promise<ChampionData> {
  const folder = packageUri.replace(/\/+$/, "").replace(/\/[^/]*$/, "");
  try {
    const bytes = await openStorage(folder, root).read("candidate.json");
    if (!bytes) return { kind: "unknown", reason: `there is no candidate.json in ${folder}` };
    return { kind: "known", data: Candidate.parse(JSON.parse(bytes.toString())).data };
  } catch (error) {
    const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
    return { kind: "unknown", reason: `candidate.json in ${folder} can't be read: ${line}` };
  }
}
