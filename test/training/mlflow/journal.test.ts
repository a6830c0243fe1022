import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { toBatches } from "#training/mlflow/batches.ts";
import { openJournal, readJournal } from "#training/mlflow/journal.ts";

const metrics = (step: number) =>
  ({ kind: "metrics", time: 1_000 + step, step, values: { loss: 1 / step, ü: step } }) as const;

describe("a journal", () => {
  it("gives back what was appended, with the offsets at which entries end", async () => {
    await using folder = await temporaryFolder();
    const journal = openJournal(join(folder.path, "deep/er/journal"));
    const offsets = [1, 2, 3].map((step) => {
      journal.append(metrics(step));
      return journal.offset;
    });
    journal.close();
    const placed = await readJournal(journal.path);
    expect(placed.map(({ entry }) => entry)).toEqual([metrics(1), metrics(2), metrics(3)]);
    expect(placed.map(({ end }) => end)).toEqual(offsets);
    expect(
      (await readJournal(journal.path, { from: offsets[0] ?? 0, to: offsets[1] ?? 0 })).map(({ entry }) => entry),
    ).toEqual([metrics(2)]);
  });

  it("keeps values that JSON has no words for", async () => {
    await using folder = await temporaryFolder();
    const journal = openJournal(join(folder.path, "journal"));
    const values = { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: Number.NEGATIVE_INFINITY, d: 0.1 };
    journal.append({ kind: "metrics", time: 1, step: 1, values });
    journal.close();
    expect((await readJournal(journal.path))[0]?.entry).toEqual({ kind: "metrics", time: 1, step: 1, values });
  });

  it.each([1, 10, 200_000])("drops a last line of %i bytes that a crash tore", async (bytes) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "journal");
    const first = openJournal(path);
    first.append(metrics(1));
    first.close();
    const whole = await readFile(path);
    await appendFile(path, "x".repeat(bytes));
    expect((await readJournal(path)).map(({ entry }) => entry)).toEqual([metrics(1)]);
    const second = openJournal(path);
    expect(second.offset).toBe(whole.length);
    second.append(metrics(2));
    second.close();
    expect((await readJournal(path)).map(({ entry }) => entry)).toEqual([metrics(1), metrics(2)]);
  });

  it("reads a line that is longer than it was asked to read at once", async () => {
    await using folder = await temporaryFolder();
    const journal = openJournal(join(folder.path, "journal"));
    journal.append({ kind: "tags", tags: { long: "é".repeat(50_000) } });
    journal.append(metrics(1));
    journal.close();
    expect((await readJournal(journal.path, { maximumBytes: 100 }))[0]?.entry.kind).toBe("tags");
  });

  it("names the place of a line that is no entry", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "journal");
    await writeFile(path, `${JSON.stringify(metrics(1))}\n{"kind":"unknown"}\n`);
    await expect(readJournal(path)).rejects.toThrow(/what starts at byte 67 is not a journal entry/);
  });
});

describe("batches", () => {
  it("hold what MLflow takes at once, in order", () => {
    const wide = Object.fromEntries(Array.from({ length: 2_345 }, (_, index) => [`m${index}`, index]));
    const params = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`p${index}`, "v"]));
    const batches = toBatches([
      { kind: "params", params },
      { kind: "metrics", time: 1, step: 1, values: wide },
    ]);
    expect(batches.flatMap((batch) => batch.metrics.map((point) => point.key))).toEqual(Object.keys(wide));
    expect(Object.assign({}, ...batches.map((batch) => batch.params))).toEqual(params);
    for (const batch of batches) {
      const counts = [batch.metrics.length, Object.keys(batch.params).length, Object.keys(batch.tags).length];
      expect(counts[1]).toBeLessThanOrEqual(100);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1_000);
    }
    expect(batches.length).toBeLessThanOrEqual(5);
  });

  it("stay under a megabyte as JSON", () => {
    const params = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`p${index}`, "\u0001".repeat(6_000)]));
    const tags = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`t${index}`, "漢".repeat(8_000)]));
    const batches = toBatches([
      { kind: "params", params },
      { kind: "tags", tags },
    ]);
    for (const batch of batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(1_000_000);
    expect(Object.assign({}, ...batches.map((batch) => batch.tags))).toEqual(tags);
  });
});
