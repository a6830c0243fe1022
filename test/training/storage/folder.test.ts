import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createFolderStorage } from "#training/storage/folder.ts";

test("a file that a killed writer left half written is no object", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "model.json.tmp-00000000-0000-4000-8000-000000000000"), "ha");
  expect(await createFolderStorage(folder.path).list("")).toEqual([]);
});

test("the file that marks an upload as whole is not there while another is missing", async () => {
  await using folder = await temporaryFolder();
  const source = join(folder.path, "source");
  await mkdir(source);
  await writeFile(join(source, "a.json"), "last");
  await symlink(join(folder.path, "source/a.json"), join(source, "link"));
  await mkdir(join(folder.path, "store/iris/z.json/in-the-way"), { recursive: true });
  await writeFile(join(source, "z.json"), "z");
  const storage = createFolderStorage(join(folder.path, "store"));
  await expect(storage.upload(source, "iris", { last: "a.json" })).rejects.toThrow();
  expect(await storage.list("")).toEqual([]);
});

test("the lock of a process that died in a swap holds up nobody, and again one swap wins", async () => {
  await using folder = await temporaryFolder();
  const storage = createFolderStorage(folder.path);
  await storage.write("last", Buffer.from("1"));
  await writeFile(join(folder.path, "last.tmp-lock"), "a dead process");
  const old = new Date(Date.now() - 60_000);
  await utimes(join(folder.path, "last.tmp-lock"), old, old);
  const swaps = Array.from({ length: 10 }, (_, index) =>
    storage.swap("last", Buffer.from("1"), Buffer.from(`by ${index}`)),
  );
  expect((await Promise.all(swaps)).filter(Boolean)).toHaveLength(1);
  expect(await storage.list("")).toEqual(["last"]);
});
