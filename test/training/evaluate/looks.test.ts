import { expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { recordLook } from "#training/evaluate/looks.ts";
import { sha256 } from "#training/package/digests.ts";
import { createFolderStorage } from "#training/storage/folder.ts";

const at = new Date("2026-03-01T12:00:00.123Z");

test("every look at the same examples counts, of another model or of the same one, also in the same millisecond", async () => {
  await using folder = await temporaryFolder();
  const storage = createFolderStorage(folder.path);
  const look = { model: "iris", examplesFingerprint: sha256("examples"), at };
  const counts = [];
  for (const digest of ["one", "one", "two"])
    counts.push(await recordLook(storage, { ...look, modelDigest: sha256(digest) }));
  expect(counts).toEqual([1, 2, 3]);
});

test("looks at once are all counted", async () => {
  await using folder = await temporaryFolder();
  const storage = createFolderStorage(folder.path);
  const look = { model: "iris", examplesFingerprint: sha256("examples"), modelDigest: sha256("one"), at };
  await Promise.all(Array.from({ length: 8 }, () => recordLook(storage, look)));
  expect(await recordLook(storage, look)).toBe(9);
});

test("other examples and other models have their own count", async () => {
  await using folder = await temporaryFolder();
  const storage = createFolderStorage(folder.path);
  const look = { model: "iris", examplesFingerprint: sha256("examples"), modelDigest: sha256("one"), at };
  await recordLook(storage, look);
  expect(await recordLook(storage, { ...look, examplesFingerprint: sha256("new examples") })).toBe(1);
  expect(await recordLook(storage, { ...look, model: "iris-2" })).toBe(1);
});
