import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { refusal } from "#test/parts/refusal.ts";
import { loadCsv, rowsOfTwoKinds, tableData } from "#test/parts/table-data.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { dataManifest } from "#training/data/manifest.ts";

const header = "a,b,kind";
const good = rowsOfTwoKinds(40);
const table = (...lines: string[]) => `${[header, ...good, ...lines].join("\n")}\n`;
const afterGood = good.length + 2; // number of the line that follows them

describe("a table is refused with file, line and reason when it", () => {
  const cases: [string, string | Uint8Array, string[]][] = [
    ["is empty", "", ["is empty"]],
    ["is nothing but a byte order mark", "\uFEFF", ["is empty"]],
    ["has a header alone", `${header}\n`, ["has a header and no rows"]],
    ["lacks columns", "a,c,d\n1,2,3\n", ['line 1: the header lacks "b", "kind", but has "c", "d"']],
    ["has no header", "1,2,x\n3,4,y\n", ['line 1: the header lacks "a", "b", "kind"']],
    ["names a column twice", "a,b,b,kind\n1,2,2,x\n", ['line 1: the header names "b" more than once']],
    [
      "has short and long rows",
      table("1", "1,2,odd,4"),
      [
        `line ${afterGood}: the row has 1 cells, the header 3`,
        `line ${afterGood + 1}: the row has 4 cells, the header 3`,
      ],
    ],
    [
      "has cells that are no finite numbers",
      table("x,1,odd", ",1,odd", "NaN,inf,odd", "1e99,1,odd", "0x10,1 2,odd"),
      [
        `line ${afterGood}: a "x" is not a number`,
        `line ${afterGood + 1}: a is empty`,
        `line ${afterGood + 2}: a "NaN" is not a number`,
        `line ${afterGood + 2}: b "inf" is infinite`,
        `line ${afterGood + 3}: a "1e99" is too large`,
        `line ${afterGood + 4}: a "0x10" is not a number`,
        `line ${afterGood + 4}: b "1 2" is not a number`,
      ],
    ],
    [
      "has a line break in a number",
      table('"1\n",2,odd', "x,2,odd"),
      [`line ${afterGood}: a "1\\n" has a line break in it`, `line ${afterGood + 2}: a "x"`],
    ],
    ["has a line break in a class name", table('1,2,"od\nd"'), [`line ${afterGood}: kind "od\\nd" has a line break`]],
    ["has no class in a row", table("1,2,"), [`line ${afterGood}: kind is empty`]],
    [
      "has bytes that are not UTF-8",
      Buffer.concat([Buffer.from(table()), Buffer.from("1,2,\xe9t\xe9\n", "latin1")]),
      [`line ${afterGood}: kind holds bytes that are not UTF-8`],
    ],
    ["has NUL characters", table("1,2,od\0d"), [`line ${afterGood}: kind holds a NUL character`]],
    [
      "has a cell of 10 MB",
      table(`1,2,${"x".repeat(10_000_000)}`),
      [`line ${afterGood}: a row that begins here is longer than`],
    ],
    [
      "never closes a quote",
      table('1,2,"odd', ...good),
      [`line ${afterGood}: a quoted cell begins here and is never closed`],
    ],
    ["has text after a quote", table('1,2,"odd"x'), [`line ${afterGood}: a closing quote has text after it`]],
    ["has one class only", "a,b,kind\n1,2,x\n3,4,x\n", ['every row is of the class "x"']],
    ["has too few rows", "a,b,kind\n1,2,x\n3,4,y\n", ["none of the 2 rows"]],
  ];

  test.each(cases)("%s", async (_, content, reasons) => {
    const { message } = await refusal(loadCsv(content));
    expect(message).toContain("data/table.csv");
    for (const reason of reasons) expect(message).toContain(reason);
  });

  test("has a class that the configuration does not list", async () => {
    const { message } = await refusal(loadCsv(table("1,2,Odd"), { data: tableData({ classes: ["odd", "even"] }) }));
    expect(message).toBe(`data/table.csv: line ${afterGood}: kind "Odd" is none of the classes "odd", "even"`);
  });

  test("has no row of a class that the configuration lists", async () => {
    const { message } = await refusal(loadCsv(table(), { data: tableData({ classes: ["odd", "even", "zero"] }) }));
    expect(message).toContain('no row is of the class "zero"');
  });

  test("has a class whose rows all fall outside train", async () => {
    const { message } = await refusal(
      loadCsv(table("0,0,rare"), { data: tableData({ roles: { validation: 0.1, test: 0.6 } }) }),
    );
    expect(message).toContain('of the class "rare" and falls to train');
  });

  test("has a value outside the bounds that serving accepts", async () => {
    const features = [{ name: "a", minimum: 0, maximum: 30 }, { name: "b" }];
    const { message } = await refusal(loadCsv(table("-1,2,odd"), { data: tableData({ features }) }));
    expect(message).toContain("a -1 is under the minimum, 0");
    expect(message).toContain(`line 33: a 31 is over the maximum, 30`);
  });

  test("names two rows the same", async () => {
    const data = tableData({ features: [{ name: "b" }], id: "a" });
    const { message } = await refusal(loadCsv(table("7,2,odd"), { data }));
    expect(message).toBe(`data/table.csv: line ${afterGood}: a "7" is already the id of line 9`);
  });

  test("is asked for a slice of a column that it has not, or that is no number", async () => {
    const missing = tableData({ slices: { small: { column: "size", below: 1 } } });
    expect((await refusal(loadCsv(table(), { data: missing }))).message).toContain('the header lacks "size"');
    const textual = tableData({ slices: { small: { column: "kind", below: 1 } } });
    expect((await refusal(loadCsv(table(), { data: textual }))).message).toContain(
      'line 2: kind "odd" is not a number',
    );
  });

  test("is configured to take one column twice", async () => {
    const data = tableData({ features: [{ name: "a" }, { name: "a" }, { name: "kind" }] });
    const { message } = await refusal(loadCsv(table(), { data }));
    expect(message).toContain('names the feature "a" twice');
    expect(message).toContain('takes "kind" as feature and as label');
  });
});

test("twenty problems are told at once, and no more", async () => {
  const { message } = await refusal(loadCsv(table(...Array.from({ length: 50 }, () => "x,1,odd"))));
  expect(message).toContain("data/table.csv has 20 problems, and maybe more:");
  expect(message.split("\n")).toHaveLength(21);
});

test("a long or multi-line cell is told in one short line", async () => {
  const { message } = await refusal(loadCsv(table(`${"7\u001b[31m".repeat(100)},1,odd`)));
  expect(message.length).toBeLessThan(200);
  expect(message).not.toContain("\u001b");
});

describe("a table may have", () => {
  test("a byte order mark, Windows line ends, empty lines and spaces around cells", async () => {
    const lines = ["a, b ,kind", "", ...good.map((row) => row.replaceAll(",", " , ")), ""];
    const loose = await loadCsv(`\uFEFF${lines.join("\r\n")}`);
    expect(loose.summary).toEqual((await loadCsv(table())).summary);
  });

  test("line breaks, delimiters and quotes in the quoted text of a column that is not used", async () => {
    const told: string[] = [];
    const rows = good.map((row) => `${row},"a ""note"",\r\nof two lines"`);
    const dataset = await loadCsv([`${header},note`, ...rows].join("\r\n"), { told });
    expect(dataset.summary).toEqual((await loadCsv(table())).summary);
    expect(told).toEqual(['data/table.csv: not used: "note"']);
    const { message } = await refusal(loadCsv([`${header},note`, ...rows, "x,1,odd,"].join("\r\n")));
    expect(message).toContain(`line ${2 * good.length + 2}: a "x"`);
  });

  test("another delimiter, and numbers in every usual form", async () => {
    const data = tableData({ delimiter: ";" });
    const numbers = ["1", "+1.0", "1e0", "10E-1", "1.", "01"].map((number) => `${number};1;odd`);
    const dataset = await loadCsv([header, ...good, ...numbers].join("\n").replaceAll(",", ";"), { data });
    expect(dataset.summary.duplicates).toBe(numbers.length);
  });
});

describe("the data root", () => {
  test("that lacks the file is told with the place that was looked at", async () => {
    await using folder = await temporaryFolder();
    const loading = loadDataset(tableData({ path: "absent.csv" }), { root: folder.path });
    expect((await refusal(loading)).message).toContain(`data/absent.csv: no such file in ${join(folder.path, "data")}`);
    await refusal(dataManifest(tableData({ path: "absent.csv" }), { root: folder.path }));
  });

  test("that has a folder where a table should be is refused", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "data/table.csv"), { recursive: true });
    const load = () => loadDataset(tableData(), { root: folder.path });
    expect((await refusal(load())).message).toContain("holds no files");
    await writeFile(join(folder.path, "data/table.csv/part.csv"), table());
    expect((await refusal(load())).message).toContain("is a folder, where one CSV file is needed");
  });
});
