import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Gate } from "#config/schema.ts";
import { readEvaluation } from "#training/evaluate/files.ts";
import type { Verdict } from "#training/verdict.ts";
import { gate } from "./gate.ts";

/** Reads the folder `evaluation` (evaluation.json, predictions.jsonl), decides, and writes the verdict to the file `verdict`. */
export async function run(paths: { evaluation: string; verdict: string }, config: Gate): Promise<Verdict> {
  const { evaluation, predictions } = await readEvaluation(paths.evaluation);
  const verdict = gate(evaluation, predictions, config);
  await mkdir(dirname(paths.verdict), { recursive: true });
  await writeFile(paths.verdict, `${JSON.stringify(verdict, null, 2)}\n`);
  return verdict;
}
