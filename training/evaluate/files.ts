import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Evaluation, Prediction } from "#training/evaluation.ts";
import { readJsonFile, readJsonLines } from "#training/json-file.ts";

const evaluationFile = "evaluation.json";
const predictionsFile = "predictions.jsonl";

export interface EvaluationFiles {
  readonly evaluation: Evaluation;
  readonly predictions: readonly Prediction[];
}

/** Writes `evaluation/`; `evaluation.json` last and at once, so its presence means whole. */
export async function writeEvaluation(folder: string, { evaluation, predictions }: EvaluationFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, predictionsFile),
    predictions.map((prediction) => `${JSON.stringify(prediction)}\n`).join(""),
  );
  await writeFile(join(folder, `${evaluationFile}.tmp`), `${JSON.stringify(evaluation, null, 2)}\n`);
  await rename(join(folder, `${evaluationFile}.tmp`), join(folder, evaluationFile));
}

/** Reads `evaluation/`. Throws a `BadInputError` that names file and line. */
export async function readEvaluation(folder: string): Promise<EvaluationFiles> {
  return {
    evaluation: await readJsonFile(join(folder, evaluationFile), Evaluation),
    predictions: await readJsonLines(join(folder, predictionsFile), Prediction),
  };
}
