import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { openJournal } from "#training/mlflow/journal.ts";
import { restoreJournal } from "#training/mlflow/restore.ts";
import { sentPath, writeSent } from "#training/mlflow/sent.ts";
import { createTracker } from "#training/mlflow/tracker.ts";

const metrics = (step: number) => ({ kind: "metrics", time: 1_000 + step, step, values: { loss: 1 / step } }) as const;

/** A journal with metrics of two steps, and what of it a checkpoint kept: the first. */
async function journaled(folder: string) {
  const path = join(folder, "journal");
  const tracker = createTracker({ journalPath: path, client: undefined, experiment: "restored" });
  tracker.close();
  const journal = openJournal(path);
  journal.append(metrics(1));
  const kept = (await readFile(path)).subarray(0, journal.offset);
  journal.append(metrics(2));
  return { path, kept, journal };
}

it("forgets what was journaled after the checkpoint, and tells how far it goes", async () => {
  await using folder = await temporaryFolder();
  const { path, kept, journal } = await journaled(folder.path);
  expect(await restoreJournal(path, kept)).toBe(1);
  journal.append(metrics(3)); // a program that does not know that it is over
  journal.close();
  expect(await readFile(path)).toEqual(kept);
  expect(await readdir(folder.path)).toEqual(["journal"]);
});

it("comes to be on another machine", async () => {
  await using folder = await temporaryFolder();
  const { kept, journal } = await journaled(folder.path);
  journal.close();
  const path = join(folder.path, "another/machine/journal");
  expect(await restoreJournal(path, kept)).toBe(1);
  expect(await readFile(path)).toEqual(kept);
});

it("sets the journal of another run aside", async () => {
  await using folder = await temporaryFolder();
  const { kept, journal } = await journaled(folder.path);
  journal.close();
  await mkdir(join(folder.path, "elsewhere"));
  const other = await journaled(join(folder.path, "elsewhere"));
  other.journal.close();
  await restoreJournal(other.path, kept);
  expect(await readFile(other.path)).toEqual(kept);
  const [aside = ""] = (await readdir(join(folder.path, "elsewhere"))).filter((name) => name !== "journal");
  expect(await readFile(join(folder.path, "elsewhere", aside), "utf8")).toContain('"step":2');
});

it.each([
  { known: "a place within what is kept", past: 0, stays: true },
  { known: "a place beyond it", past: 1, stays: false },
])("with $known acknowledged by MLflow, the place stays: $stays", async ({ past, stays }) => {
  await using folder = await temporaryFolder();
  const { path, kept, journal } = await journaled(folder.path);
  journal.close();
  const offset = kept.length + past;
  await writeSent(path, { trackingUri: "http://localhost", experimentId: "1", runId: "2", artifactUri: "a", offset });
  await restoreJournal(path, kept);
  expect(existsSync(sentPath(path))).toBe(stays);
});

it("refuses bytes that are no journal, and leaves what is there", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "journal");
  await writeFile(path, "kept");
  await expect(restoreJournal(path, Buffer.from("{}\n"))).rejects.toThrow();
  expect(await readFile(path, "utf8")).toBe("kept");
});
