import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { deleteCheckpoints, openCheckpoints } from "#training/checkpoint/store.ts";
import { TakenOverError } from "#training/checkpoint/taken-over-error.ts";
import { createFolderStorage } from "#training/storage/folder.ts";
import type { Storage } from "#training/storage/storage.ts";

const prefix = "iris/0123456789abcdef/checkpoints";
const bytes = (text: string) => Buffer.from(text);
const checkpoint = (name: string) => ({ state: bytes(`state ${name}`), journal: bytes(`journal ${name}`) });

async function place() {
  const folder = await temporaryFolder();
  const storage = createFolderStorage(folder.path);
  const told: string[] = [];
  return {
    storage,
    told,
    open: (through: Storage = storage) =>
      openCheckpoints({ storage: through, prefix, info: (line) => void told.push(line) }),
    files: async () => (await readdir(join(folder.path, prefix))).sort(),
    path: (file: string) => join(folder.path, prefix, file),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** What a store finds, as text. */
function texts({ found }: Awaited<ReturnType<typeof openCheckpoints>>) {
  return { state: found.state?.toString(), journal: found.journal?.toString() };
}

test("the newest checkpoint is found, the one before is kept, and what is older goes", async () => {
  await using here = await place();
  const store = await here.open();
  expect(store.found).toEqual({ state: undefined, journal: undefined });
  for (const name of ["1", "2", "3"]) await store.save(checkpoint(name));
  expect(texts(await here.open())).toEqual({ state: "state 3", journal: "journal 3" });
  const files = await here.files();
  expect(files.map((file) => file.replace(/-[0-9a-f]{8}/, ""))).toEqual([
    "000002.jsonl",
    "000002.safetensors",
    "000003.jsonl",
    "000003.safetensors",
    "pointer.json",
  ]);
});

test("a journal may be saved without a state: the state stays", async () => {
  await using here = await place();
  const store = await here.open();
  await store.save({ journal: bytes("journal 0") });
  expect(texts(await here.open())).toEqual({ state: undefined, journal: "journal 0" });
  const next = await here.open();
  await next.save(checkpoint("1"));
  await next.save({ journal: bytes("journal 1 and more") });
  await next.save({ journal: bytes("journal 1 and still more") });
  expect(texts(await here.open())).toEqual({ state: "state 1", journal: "journal 1 and still more" });
});

describe("a damaged file is passed over for the one before, and told:", () => {
  test.each(["flipped", "cut", "emptied", "missing"])("%s", async (damage) => {
    await using here = await place();
    const store = await here.open();
    for (const name of ["1", "2"]) await store.save(checkpoint(name));
    const newest = (await here.files()).find((file) => /^000002.*safetensors$/.test(file)) ?? "";
    const whole = await readFile(here.path(newest));
    if (damage === "missing") await rm(here.path(newest));
    if (damage === "cut") await writeFile(here.path(newest), whole.subarray(0, -1));
    if (damage === "emptied") await writeFile(here.path(newest), "");
    if (damage === "flipped") await writeFile(here.path(newest), bytes("State 2"));
    expect(texts(await here.open())).toEqual({ state: "state 1", journal: "journal 2" });
    expect(here.told).toEqual([
      expect.stringMatching(damage === "missing" ? /missing: going back/ : /damaged: going back/),
    ]);
  });

  test("all of them: training begins anew", async () => {
    await using here = await place();
    await (await here.open()).save(checkpoint("1"));
    for (const file of await here.files()) if (file !== "pointer.json") await writeFile(here.path(file), "?");
    expect(texts(await here.open())).toEqual({ state: undefined, journal: undefined });
    expect(here.told).toHaveLength(2);
  });

  test("a pointer that is none", async () => {
    await using here = await place();
    await (await here.open()).save(checkpoint("1"));
    await writeFile(here.path("pointer.json"), "{");
    const store = await here.open();
    expect(store.found.state).toBeUndefined();
    await store.save(checkpoint("2"));
    expect(texts(await here.open())).toEqual({ state: "state 2", journal: "journal 2" });
  });
});

test("who takes over writes on; who was at it is stopped at the next checkpoint, and nothing of either is lost", async () => {
  await using here = await place();
  const first = await here.open();
  await first.save(checkpoint("1"));
  const second = await here.open();
  expect(texts(second)).toEqual({ state: "state 1", journal: "journal 1" });
  await expect(first.save(checkpoint("of the first"))).rejects.toThrow(TakenOverError);
  await expect(first.confirm()).rejects.toThrow(/another program took over this training.*pointer\.json/);
  await second.confirm();
  await second.save(checkpoint("2"));
  await expect(first.save(checkpoint("of the first"))).rejects.toThrow(TakenOverError);
  expect(texts(await here.open())).toEqual({ state: "state 2", journal: "journal 2" });
});

test("of many that want one training at once, one can go on", async () => {
  await using here = await place();
  const stores = await Promise.all(Array.from({ length: 6 }, () => here.open()));
  const saves = await Promise.allSettled(stores.map((store, index) => store.save(checkpoint(`${index}`))));
  const winners = saves.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
  expect(winners).toHaveLength(1);
  expect(texts(await here.open())).toEqual({ state: `state ${winners[0]}`, journal: `journal ${winners[0]}` });
});

test("a write that fails anywhere leaves the checkpoint before it, and the next one succeeds", async () => {
  await using here = await place();
  let failing = Infinity;
  const fail = () => {
    failing -= 1;
    if (failing === 0) throw new Error("the disk is full");
  };
  const broken: Storage = {
    ...here.storage,
    write: async (key, content) => {
      fail();
      await here.storage.write(key, content);
    },
    swap: async (key, expected, content) => {
      fail();
      const isSwapped = await here.storage.swap(key, expected, content);
      fail(); // the answer is lost
      return isSwapped;
    },
  };
  const store = await here.open(broken);
  await store.save(checkpoint("0"));
  for (const place of [1, 2, 3, 4]) {
    failing = place;
    await expect(store.save(checkpoint(`failing at ${place}`))).rejects.toThrow("the disk is full");
    failing = Infinity;
    await store.save(checkpoint(`after ${place}`));
    await store.confirm();
  }
  expect(texts(await here.open())).toEqual({ state: "state after 4", journal: "journal after 4" });
});

test("when training is done its checkpoints go, and a program that is still at it is told", async () => {
  await using here = await place();
  const store = await here.open();
  await store.save(checkpoint("1"));
  await deleteCheckpoints(here.storage, prefix);
  expect(await here.storage.list("")).toEqual([]);
  await expect(store.save(checkpoint("2"))).rejects.toThrow("or ended it");
});
