import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { loadTexts, rowsOfTwoMoods, textData, textsByRole } from "#test/parts/text-data.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { dataManifest, expectedManifest } from "#training/data/manifest.ts";

const rows = rowsOfTwoMoods(200);
const csv = (lines: readonly string[]) => ["text,label", ...lines].join("\n");
const all = (roles: Record<string, string[]>) => Object.values(roles).flat().toSorted();

describe("roles", () => {
  test("are drawn by content: the order of rows does not matter, and new rows move no old ones", async () => {
    const before = await loadTexts(csv(rows));
    const after = await loadTexts(csv([...rowsOfTwoMoods(260).slice(200), ...rows.toReversed()]));
    const [old, now] = [textsByRole(before), textsByRole(after)];
    for (const role of ["train", "validation", "test"] as const) {
      expect(now[role]).toEqual(expect.arrayContaining(old[role]));
      expect(before[role].length).toBeGreaterThan(20);
    }
    const turned = await loadTexts(csv(rows.toReversed()));
    expect(turned.summary).toEqual(before.summary);
    expect(after.summary.fingerprint).not.toBe(before.summary.fingerprint);
  });

  test("are shared by copies, in whatever spelling of Unicode", async () => {
    const copies = Array.from({ length: 30 }, (_, index) => [`caf\u00e9 ${index},good`, `cafe\u0301 ${index},good`]);
    const roles = textsByRole(await loadTexts(csv([...rows, ...copies.flat()])));
    const roleOf = (text: string) => Object.entries(roles).find(([, texts]) => texts.includes(text))?.[0];
    for (let index = 0; index < 30; index++) expect(roleOf(`caf\u00e9 ${index}`)).toBe(roleOf(`cafe\u0301 ${index}`));
  });

  test("are the ones of a split column, less what would cross from one to another", async () => {
    const data = textData({ split: "part" });
    const parts = ["train", "train", "train", "Dev", "TEST"];
    const lines = rows.map((row, index) => `${row},${parts[index % 5]}`);
    const crossing = [
      "number 4 was lovely,good,train",
      "number 4 was lovely,good,dev",
      "number 3 was boring,bad,train",
    ];
    const told: string[] = [];
    const content = ["text,label,part", ...lines, ...crossing].join("\n");
    const dataset = await loadTexts(content, { data, told });
    expect(dataset.summary.rows).toEqual({ train: 120, validation: 40, test: 40 });
    expect(told).toContain(
      "data/texts.csv: left out 3 rows whose text stands in a split that is kept apart from theirs",
    );
  });

  test("that a split column never names are drawn from its training rows", async () => {
    const data = textData({ split: "part" });
    const lines = rows.map((row, index) => `${row},${index % 4 === 0 ? "test" : "train"}`);
    const { summary } = await loadTexts(["text,label,part", ...lines].join("\n"), { data });
    expect(summary.rows.test).toBe(50);
    expect(summary.rows.validation).toBeGreaterThan(10);
    expect(summary.rows.train + summary.rows.validation).toBe(150);
  });
});

test("rows keep text, label, slices and an id of their own or of their content", async () => {
  const slices = { short: { column: "stars", below: 3 }, web: { column: "from", equals: "web" } };
  const data = textData({ text: "body", label: "mood", delimiter: ";", slices });
  const lines = rows.map((row, index) => `${row.replace(",", ";")};${index % 5};${index % 2 ? "web" : "shop"}`);
  const quoted = '"of ""two"" lines;\r\nand a half";good;1;web';
  const dataset = await loadTexts(["body;mood;stars;from", ...lines, quoted, quoted].join("\n"), { data });
  expect(all(textsByRole(dataset))).toContain('of "two" lines;\r\nand a half');
  expect(dataset.classes).toEqual(["bad", "good"]);
  const ids: string[] = [];
  for (const role of ["train", "validation", "test"] as const) {
    const examples = dataset[role];
    for (let index = 0; index < examples.length; index++) {
      const [text = ""] = examples.texts([index]);
      ids.push(examples.id(index));
      expect(examples.bytes(index)).toBe(Buffer.byteLength(text));
      const number = Number(/^number (\d+)/.exec(text)?.[1] ?? 1);
      const mood = text.startsWith("of") || number % 2 === 0 ? "good" : "bad";
      expect(dataset.classes[examples.label(index)]).toBe(mood);
      const expected = [number % 5 < 3 && "short", number % 2 === 1 && "web", `class=${mood}`];
      expect(examples.slices(index)).toEqual(expected.filter(Boolean));
    }
  }
  expect(new Set(ids).size).toBe(202);
  expect(ids.filter((id) => id.endsWith("-2"))).toHaveLength(1);
  const named = await loadTexts(["text,label,key", ...rows.map((row, index) => `${row},k${index}`)].join("\n"), {
    data: textData({ id: "key" }),
  });
  expect(named.test.id(0)).toMatch(/^k\d+$/);
});

test("a folder's files are read as one, each by its own header", async () => {
  const half = rows.map((row) => row.split(",").toReversed().join(",")).slice(100);
  const files = { "set/1.csv": csv(rows.slice(0, 100)), "set/deeper/2.csv": ["label,text", ...half].join("\r\n") };
  const dataset = await loadTexts({ ...files, "set/README.txt": "no data" }, { data: textData({ path: "set" }) });
  expect(dataset.summary).toEqual((await loadTexts(csv(rows))).summary);
});

test("what the texts are like is told before anything is trained", async () => {
  const told: string[] = [];
  const lines = [...rows, rows[0] ?? "", rows[0] ?? "", rows[1]?.replace(",bad", ",good") ?? ""];
  const { summary } = await loadTexts(csv(lines), { told });
  expect(summary.duplicates).toBe(3);
  expect(summary.classes).toEqual({ bad: 100, good: 103 });
  expect(told).toEqual([
    "data/texts.csv: 203 rows: good 103, bad 100",
    "data/texts.csv: texts of 16 to 21 bytes, half of them up to 19, 95 % up to 21",
    "data/texts.csv: 3 texts repeat an earlier row's, 1 of them with another label",
  ]);
});

test("the sample is there without being fetched", async () => {
  await using folder = await temporaryFolder();
  const told: string[] = [];
  const data = textData({ path: "sample-small" });
  const expected = await expectedManifest(data, {
    root: folder.path,
    codeRoot: resolve(import.meta.dirname, "../../../.."),
  });
  const dataset = await loadDataset(data, { root: folder.path, info: (message) => told.push(message) });
  expect(told[0]).toBe(`copied the sample sample-small to ${join(folder.path, "data/sample-small")}`);
  expect(dataset.classes).toEqual(["account", "billing", "delivery", "product"]);
  expect(Object.values(dataset.summary.classes)).toEqual([120, 120, 120, 120]);
  expect(await dataManifest(data, { root: folder.path })).toEqual(expected);
  expect(expected?.map(({ key }) => key)).toEqual(["sample-small/requests.csv"]);
});

test("a file that is larger than the memory it is read in loads", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "large.csv");
  {
    await using file = await open(path, "wx");
    await file.write("text,label\n");
    const filler = "many words that say little ".repeat(300);
    for (let row = 0; row < 24_000; row++) await file.write(`${row} ${filler},${row % 2 ? "odd" : "even"}\n`);
  }
  const program = resolve(import.meta.dirname, "memory.ts");
  const args = ["--expose-gc", "--max-old-space-size=64", program, folder.path];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { grownBytes, rows: count, text } = JSON.parse(stdout);
  expect(count).toBe(24_000);
  expect(text).toMatch(/^\d+ many words/);
  expect(grownBytes).toBeLessThan(100 * 1024 * 1024); // of a file of 194 MB
});
