import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { type S3Server, startS3 } from "#test/parts/s3.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Progress, Storage } from "#training/storage/storage.ts";

const bytes = (text: string) => Buffer.from(text);
let server: S3Server;
let count = 0;

beforeAll(async () => {
  server = await startS3();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** A fresh storage of a kind, and a folder for a test's files. */
async function opened(kind: string): Promise<AsyncDisposable & { storage: Storage; path: string }> {
  const folder = await temporaryFolder();
  const { endpoint, credentials, bucket } = server;
  const uri = kind === "folder" ? "store" : `s3://${bucket}/test-${count++}/models/`;
  const storage = openStorage(uri, folder.path, { endpoint, credentials });
  return { storage, path: folder.path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe.each(["folder", "s3"])("of the kind %s, a storage", (kind) => {
  test("reads back, lists and deletes what was written", async () => {
    await using opening = await opened(kind);
    const { storage } = opening;
    expect(await storage.list("")).toEqual([]);
    expect(await storage.read("iris/a/one.json")).toBeUndefined();
    expect(await storage.stat("iris/a/one.json")).toBeUndefined();
    await storage.write("iris/a/two.json", bytes("2"));
    await storage.write("iris/a/one.json", bytes("1"));
    await storage.write("iris/a/one.json", bytes("one"));
    await storage.write("iris/ab", bytes(""));
    expect(await storage.read("iris/a/one.json")).toEqual(bytes("one"));
    expect(await storage.read("iris/ab")).toEqual(bytes(""));
    expect(await storage.list("")).toEqual(["iris/a/one.json", "iris/a/two.json", "iris/ab"]);
    expect(await storage.entries("iris/a")).toEqual([
      { key: "iris/a/one.json", size: 3 },
      { key: "iris/a/two.json", size: 1 },
    ]);
    expect(await storage.stat("iris/ab")).toEqual({ key: "iris/ab", size: 0 });
    expect(await storage.stat("iris/a")).toBeUndefined(); // the beginning of names is none
    expect(await storage.list("absent")).toEqual([]);
    await storage.delete("iris/a/one.json");
    await storage.delete("iris/a/one.json");
    expect(await storage.read("iris/a/one.json")).toBeUndefined();
    expect(await storage.read("iris/ab/below-a-file")).toBeUndefined();
  });

  test("keeps keys with spaces, signs and letters of any script", async () => {
    await using opening = await opened(kind);
    const keys = ["a b+c/%20.txt", "ü/日本.json", "x&y=1?#.bin"];
    for (const key of keys) await opening.storage.write(key, bytes(key));
    expect(await opening.storage.list("")).toEqual(keys.toSorted());
    for (const key of keys) expect((await opening.storage.read(key))?.toString()).toBe(key);
  });

  test("streams an object, and fails to stream none", async () => {
    await using opening = await opened(kind);
    await opening.storage.write("numbers", Buffer.alloc(300_000, 7));
    expect(await buffer(opening.storage.open("numbers"))).toEqual(Buffer.alloc(300_000, 7));
    await expect(buffer(opening.storage.open("absent"))).rejects.toThrow("absent");
  });

  test("lets one of many writers of a new object win, whose bytes stay", async () => {
    await using opening = await opened(kind);
    const { storage } = opening;
    const writes = Array.from({ length: 20 }, (_, index) => storage.writeNew("lock", bytes(`${index}`)));
    const wins = (await Promise.all(writes)).flatMap((won, index) => (won ? [index] : []));
    expect(wins).toHaveLength(1);
    expect((await storage.read("lock"))?.toString()).toBe(`${wins[0]}`);
    expect(await storage.list("")).toEqual(["lock"]);
  });

  test("swaps only what is as expected", async () => {
    await using opening = await opened(kind);
    const { storage } = opening;
    expect(await storage.swap("pointers/last", bytes("1"), bytes("2"))).toBe(false);
    expect(await storage.list("")).toEqual([]);
    await storage.writeNew("pointers/last", bytes("1"));
    expect(await storage.swap("pointers/last", bytes("0"), bytes("2"))).toBe(false);
    expect(await storage.swap("pointers/last", bytes("1"), bytes("2"))).toBe(true);
    expect(await storage.swap("pointers/last", bytes("1"), bytes("3"))).toBe(false);
    expect((await storage.read("pointers/last"))?.toString()).toBe("2");
    expect(await storage.list("")).toEqual(["pointers/last"]);
  });

  test("lets one of many swaps from the same value win, round after round", async () => {
    await using opening = await opened(kind);
    const { storage } = opening;
    await storage.writeNew("last", bytes("start"));
    let current = "start";
    for (let round = 0; round < 5; round++) {
      const values = Array.from({ length: 10 }, (_, index) => `${round}-${index}`);
      const swaps = values.map((value) => storage.swap("last", bytes(current), bytes(value)));
      const won = (await Promise.all(swaps)).flatMap((isSwapped, index) => (isSwapped ? [values[index] ?? ""] : []));
      expect(won).toHaveLength(1);
      current = won[0] ?? "";
      expect((await storage.read("last"))?.toString()).toBe(current);
    }
  });

  test("shows a reader beside a writer one whole object or the other", async () => {
    await using opening = await opened(kind);
    const { storage } = opening;
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

  test("takes a folder with the named file last, gives it back, and tells how far it is", async () => {
    await using opening = await opened(kind);
    const { storage, path } = opening;
    const [source, target] = [join(path, "source"), join(path, "target")];
    await mkdir(join(source, "model"), { recursive: true });
    await writeFile(join(source, "a.json"), "last");
    await writeFile(join(source, "model/weights.bin"), Buffer.from([0, 255]));
    await writeFile(join(source, "z.json"), "");
    await symlink(join(source, "a.json"), join(source, "link"));
    const sent: Progress[] = [];
    await storage.upload(source, "iris/1", { last: "a.json", onProgress: (progress) => sent.push(progress) });
    expect(sent.at(-1)).toEqual({ key: "a.json", bytes: 6, totalBytes: 6 });
    expect(await storage.list("iris/1")).toEqual(["iris/1/a.json", "iris/1/model/weights.bin", "iris/1/z.json"]);
    const got: Progress[] = [];
    await storage.download("iris/1", target, { onProgress: (progress) => got.push(progress) });
    expect(got.at(-1)).toMatchObject({ bytes: 6, totalBytes: 6 });
    expect([...(await readFile(join(target, "model/weights.bin")))]).toEqual([0, 255]);
    expect(await readFile(join(target, "a.json"), "utf8")).toBe("last");
    expect((await readdir(target)).sort()).toEqual(["a.json", "model", "z.json"]);
    await expect(storage.upload(source, "iris/2", { last: "b.json" })).rejects.toThrow("holds no b.json");
  });

  test.each([
    ["climbs out", "../secret"],
    ["climbs out in the middle", "a/../../secret"],
    ["is absolute", "/etc/passwd"],
    ["is empty", ""],
    ["ends with a slash", "a/"],
    ["has a dot for a part", "a/./b"],
    ["has a backslash", "..\\secret"],
    ["has a NUL", "a\0b"],
  ])("refuses a key that %s", async (_, key) => {
    await using opening = await opened(kind);
    const { storage } = opening;
    for (const act of [
      () => storage.read(key),
      () => storage.stat(key),
      () => buffer(storage.open(key)),
      () => storage.write(key, bytes("")),
      () => storage.writeNew(key, bytes("")),
      () => storage.swap(key, bytes(""), bytes("")),
      () => storage.delete(key),
    ]) {
      await expect((async () => await act())()).rejects.toBeInstanceOf(BadInputError);
    }
  });
});
