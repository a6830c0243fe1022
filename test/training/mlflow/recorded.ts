import type { MlflowClient } from "#training/mlflow/client.ts";
import type { Entry } from "#training/mlflow/entry.ts";
import { readJournal } from "#training/mlflow/journal.ts";

/** Every point that a journal holds, as `key step timestamp value`, sorted. */
export async function journaledPoints(journalPath: string): Promise<string[]> {
  const entries = (await readJournal(journalPath)).map(({ entry }) => entry);
  return entries.flatMap(pointsOf).sort();
}

/** Every point that MLflow holds of a run, told like `journaledPoints`. */
export async function storedPoints(client: MlflowClient, runId: string): Promise<string[]> {
  const { metrics } = await client.getRun(runId);
  const histories = await Promise.all(Object.keys(metrics).map((key) => client.metricHistory(runId, key)));
  return histories
    .flat()
    .map(({ key, step, timestamp, value }) => `${key} ${step} ${timestamp} ${value}`)
    .sort();
}

function pointsOf(entry: Entry): string[] {
  if (entry.kind !== "metrics") return [];
  return Object.entries(entry.values).map(([key, value]) => `${key} ${entry.step} ${entry.time} ${value}`);
}
