import { z } from "zod";
import { Candidate, Digest } from "#training/candidate.ts";
import { candidatePrefix } from "#training/candidate-store.ts";
import type { Storage } from "#training/storage/storage.ts";
import type { SweepPlan, Trial } from "./open.ts";

/** How a trial has ended, in the storage of the models: whoever works on the sweep does it no second time. */
const TrialRecord = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("trained"), contentHash: Digest }),
  z.strictObject({ kind: z.literal("failed"), reason: z.string() }), // it would fail again
]);
export type TrialRecord = z.infer<typeof TrialRecord>;

/** What is known of a trial: its candidate, why it can't be had, or `undefined` while it is to be done. */
export type Known = { kind: "trained"; candidate: Candidate } | Extract<TrialRecord, { kind: "failed" }> | undefined;

/** Says how a trial has ended. */
export async function writeRecord(storage: Storage, key: string, record: TrialRecord): Promise<void> {
  await storage.write(key, Buffer.from(`${JSON.stringify(record)}\n`));
}

/** Reads what is known of a trial. A candidate that is no longer in the storage is to be made again. */
export async function readRecord(storage: Storage, key: string, model: string): Promise<Known> {
  const bytes = await storage.read(key);
  if (!bytes) return undefined;
  const record = TrialRecord.parse(JSON.parse(bytes.toString()));
  if (record.kind === "failed") return record;
  const candidate = await storage.read(`${candidatePrefix(model, record.contentHash)}/candidate/candidate.json`);
  return candidate && { kind: "trained", candidate: Candidate.parse(JSON.parse(candidate.toString())) };
}

/** Where a trial's record lies. */
export function recordKey({ prefix }: Pick<SweepPlan, "prefix">, { number }: Pick<Trial, "number">): string {
  return `${prefix}/trials/${String(number).padStart(4, "0")}.json`;
}

/** How many trials of a sweep have ended, well or not. */
export async function countEnded(storage: Storage, { prefix }: Pick<SweepPlan, "prefix">): Promise<number> {
  return (await storage.list(`${prefix}/trials`)).length;
}
