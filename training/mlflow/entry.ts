import { z } from "zod";
import { Double, toDouble } from "./wire.ts";

const time = z.int().nonnegative(); // milliseconds since 1970
const text = z.record(z.string(), z.string());

/** The run that a run belongs to, by the id of its journal. Whichever of the two is sent first makes it in MLflow. */
export const ParentRun = z.strictObject({ id: z.uuid(), runName: z.string() });
export type ParentRun = z.infer<typeof ParentRun>;

/** A line of a journal: one thing that happened in one run. */
export const Entry = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("start"),
    id: z.uuid(), // the run's tag `slipway.journal`: how it is found again in MLflow
    time,
    experiment: z.string().min(1),
    runName: z.string().optional(),
    tags: text,
    hold: z.boolean().default(false), // send only what a `durable` entry, or the end, has released
    parent: ParentRun.optional(),
  }),
  z.strictObject({ kind: z.literal("params"), params: text }),
  z.strictObject({ kind: z.literal("tags"), tags: text }),
  z.strictObject({ kind: z.literal("metrics"), time, step: z.int(), values: z.record(z.string(), Double) }),
  z.strictObject({
    kind: z.literal("dataset"),
    dataset: z.strictObject({
      name: z.string(),
      digest: z.string(),
      sourceType: z.string(),
      source: z.string(),
      schema: z.string().optional(),
      profile: z.string().optional(),
      context: z.string().optional(),
    }),
  }),
  z.strictObject({ kind: z.literal("artifact"), path: z.string(), file: z.string() }), // file: relative to the journal's folder
  z.strictObject({ kind: z.literal("durable"), offset: z.int().nonnegative() }), // what lies before may be sent
  z.strictObject({ kind: z.literal("resume"), time }),
  z.strictObject({ kind: z.literal("end"), time, status: z.enum(["FINISHED", "FAILED", "KILLED"]) }),
]);
export type Entry = z.infer<typeof Entry>;
export type Start = Extract<Entry, { kind: "start" }>;
export type EndStatus = Extract<Entry, { kind: "end" }>["status"];

/** The entry as a line with its newline. */
export function toLine(entry: Entry): string {
  if (entry.kind !== "metrics" || Object.values(entry.values).every(Number.isFinite))
    return `${JSON.stringify(entry)}\n`;
  const values = Object.fromEntries(Object.entries(entry.values).map(([key, value]) => [key, toDouble(value)]));
  return `${JSON.stringify({ ...entry, values })}\n`;
}

/** The entry of a line. Throws when it is none. */
export function fromLine(line: string): Entry {
  return Entry.parse(JSON.parse(line));
}
