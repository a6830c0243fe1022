import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { logAt, readRequests, type Window } from "#training/drift/read-log.ts";

const line = (time: string, digest = "d") =>
  `${JSON.stringify({ time, digest, inputs: [[1]], class: "a", confidence: 0.9 })}\n`;

async function read(files: Record<string, string | Buffer>, window: Partial<Window> = {}, at = "") {
  await using folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    await writeFile(join(folder.path, name), content);
  }
  const times: string[] = [];
  const others = await readRequests(logAt(join(folder.path, at)), { digest: "d", ...window }, ({ time }) =>
    times.push(time),
  );
  return { times, ...others };
}

test("all files of a folder are read, packed ones too, and what else lies there is not", async () => {
  const found = await read(
    {
      "iris/a.jsonl": line("2026-01-01T00:00:00Z") + line("2026-01-02T00:00:00Z"),
      "iris/b.jsonl.gz": gzipSync(line("2026-01-03T00:00:00Z")),
      "iris/c.jsonl.1": line("2026-01-04T00:00:00Z"),
      "iris/README.md": "no log\n",
      "iris-other/d.jsonl": line("2026-01-05T00:00:00Z"),
    },
    {},
    "iris",
  );
  expect(found.times).toEqual([1, 2, 3, 4].map((day) => `2026-01-0${day}T00:00:00Z`));
});

test("one file is read by its name, whatever that is", async () => {
  expect(await read({ log: line("2026-01-01T00:00:00Z") }, {}, "log")).toMatchObject({
    times: ["2026-01-01T00:00:00Z"],
  });
});

test("only the window and the model count; damaged lines are counted", async () => {
  const text = `${line("2026-01-01T00:00:00Z")}${line("2026-01-02T00:00:00Z")}${line("2026-01-02T00:00:00Z", "e")}{"time":"2026`;
  const window = { since: new Date("2026-01-02T00:00:00Z"), until: new Date("2026-01-03T00:00:00Z") };
  expect(await read({ "a.jsonl": text }, window)).toEqual({ times: ["2026-01-02T00:00:00Z"], damaged: 1, others: 2 });
});

test("files of days outside of the window are left out, those of a day beside it are not", async () => {
  const days = ["2026-01-01", "2026-01-09", "2026-01-10", "2026-01-11", "2026-01-30"];
  const files = Object.fromEntries(
    days.map((day) => [`${day.replaceAll("-", "/")}/pod-1.jsonl`, `${line(`${day}T12:00:00Z`)}no line\n`]),
  );
  const window = { since: new Date("2026-01-10T00:00:00Z"), until: new Date("2026-01-11T00:00:00Z") };
  expect(await read(files, window)).toEqual({ times: ["2026-01-10T12:00:00Z"], damaged: 3, others: 2 });
});

test("a log that is not there, empty or cut off within a packed file is told", async () => {
  await expect(read({})).rejects.toThrow(/can't read the request log: no \.jsonl in/);
  const cut = gzipSync(line("2026-01-01T00:00:00Z").repeat(100)).subarray(0, 50);
  await expect(read({ "a.jsonl.gz": cut })).rejects.toThrow(/can't read the request log: .*unexpected end of file/);
});
