import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createFolderStorage } from "#training/storage/folder.ts";
import { openStorage } from "#training/storage/open.ts";

const bytes = (text: string) => Buffer.from(text);

test("what was written is read back, listed and deleted", async () => {
  await using folder = await temporaryFolder();
  const storage = openStorage("./models", folder.path);
  expect(storage.uri).toBe(join(folder.path, "models"));
  expect(await storage.list("")).toEqual([]);
  expect(await storage.read("iris/a/one.json")).toBeUndefined();
  await storage.write("iris/a/two.json", bytes("2"));
  await storage.write("iris/a/one.json", bytes("1"));
  await storage.write("iris/a/one.json", bytes("one"));
  await storage.write("iris/ab", bytes(""));
  expect((await storage.read("iris/a/one.json"))?.toString()).toBe("one");
  expect(await storage.list("")).toEqual(["iris/a/one.json", "iris/a/two.json", "iris/ab"]);
  expect(await storage.list("iris/a")).toEqual(["iris/a/one.json", "iris/a/two.json"]);
  expect(await storage.list("absent")).toEqual([]);
  await storage.delete("iris/a/one.json");
  await storage.delete("iris/a/one.json");
  expect(await storage.read("iris/a/one.json")).toBeUndefined();
  expect(await storage.read("iris/ab/below-a-file")).toBeUndefined();
});

test("of many writers of a new object one wins, and its bytes stay", async () => {
  await using folder = await temporaryFolder();
  const storage = createFolderStorage(folder.path);
  const writes = Array.from({ length: 20 }, (_, index) => storage.writeNew("lock", bytes(`${index}`)));
  const wins = (await Promise.all(writes)).flatMap((won, index) => (won ? [index] : []));
  expect(wins).toHaveLength(1);
  expect((await storage.read("lock"))?.toString()).toBe(`${wins[0]}`);
  expect(await readdir(folder.path)).toEqual(["lock"]);
});

test("a reader beside a writer sees one whole object or the other", async () => {
  await using folder = await temporaryFolder();
  const storage = createFolderStorage(folder.path);
  const versions = ["a", "b"].map((letter) => bytes(letter.repeat(1_000_000)));
  await storage.write("big", versions[0] ?? bytes(""));
  const writing = (async () => {
    for (let round = 0; round < 10; round++) await storage.write("big", versions[round % 2] ?? bytes(""));
  })();
  for (let round = 0; round < 20; round++) {
    const read = await storage.read("big");
    expect(versions.some((version) => read?.equals(version))).toBe(true);
  }
  await writing;
  expect(await storage.list("")).toEqual(["big"]);
});

test("a file that a killed writer left half written is no object", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "model.json.tmp-00000000-0000-4000-8000-000000000000"), "ha");
  expect(await createFolderStorage(folder.path).list("")).toEqual([]);
});

test("a folder is uploaded with the named file last, and downloaded again", async () => {
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "source"), join(folder.path, "target")];
  await mkdir(join(source, "model"), { recursive: true });
  await writeFile(join(source, "a.json"), "last");
  await writeFile(join(source, "model/weights.bin"), Buffer.from([0, 255]));
  await writeFile(join(source, "z.json"), "z");
  const storage = createFolderStorage(join(folder.path, "store"));
  await storage.upload(source, "iris/1", { last: "a.json" });
  expect(await storage.list("iris/1")).toEqual(["iris/1/a.json", "iris/1/model/weights.bin", "iris/1/z.json"]);
  await storage.download("iris/1", target);
  expect([...(await readFile(join(target, "model/weights.bin")))]).toEqual([0, 255]);
  expect(await readFile(join(target, "a.json"), "utf8")).toBe("last");
  await expect(storage.upload(source, "iris/2", { last: "b.json" })).rejects.toThrow("holds no b.json");
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

describe("a key is refused when it", () => {
  test.each([
    ["climbs out", "../secret"],
    ["climbs out in the middle", "a/../../secret"],
    ["is absolute", "/etc/passwd"],
    ["is empty", ""],
    ["ends with a slash", "a/"],
    ["has a dot for a part", "a/./b"],
    ["has a backslash", "..\\secret"],
    ["has a NUL", "a\0b"],
  ])("%s", async (_, key) => {
    await using folder = await temporaryFolder();
    const storage = createFolderStorage(folder.path);
    for (const act of [
      () => storage.read(key),
      () => storage.write(key, bytes("")),
      () => storage.writeNew(key, bytes("")),
      () => storage.delete(key),
    ]) {
      await expect((async () => await act())()).rejects.toBeInstanceOf(BadInputError);
    }
  });
});

test("a scheme that is not known is refused by name", () => {
  expect(() => openStorage("s3://models/production")).toThrow(BadInputError);
  expect(() => openStorage("gs://models")).toThrow("gs://");
});
