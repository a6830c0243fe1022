import { describe, expect, test } from "vitest";
import { refusal } from "#test/parts/refusal.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { loadTexts, rowsOfTwoMoods, textData } from "#test/parts/text-data.ts";
import { loadDataset } from "#training/data/dataset.ts";

const header = "text,label";
const good = rowsOfTwoMoods(40);
const file = (...lines: string[]) => `${[header, ...good, ...lines].join("\n")}\n`;
const afterGood = good.length + 2; // number of the line that follows them

describe("texts are refused with file, line and reason when the file", () => {
  const cases: [string, string | Uint8Array, string[]][] = [
    ["is empty", "", ["is empty"]],
    ["has a header alone", `${header}\n`, ["has a header and no rows"]],
    ["lacks columns", "body,label\nx,y\n", ['line 1: the header lacks "text", but has "body"']],
    ["names a column twice", "text,text,label\na,b,c\n", ['line 1: the header names "text" more than once']],
    [
      "has short and long rows",
      file("alone", "one,two,three"),
      [
        `line ${afterGood}: the row has 1 cells, the header 2`,
        `line ${afterGood + 1}: the row has 3 cells, the header 2`,
      ],
    ],
    [
      "has an empty text",
      file(",good", '"  ",bad'),
      [`line ${afterGood}: text is empty`, `line ${afterGood + 1}: text`],
    ],
    ["has no class in a row", file("words,"), [`line ${afterGood}: label is empty`]],
    [
      "has bytes that are not UTF-8",
      Buffer.concat([Buffer.from(file()), Buffer.from("\xe9t\xe9,good\n", "latin1")]),
      [`line ${afterGood}: text holds bytes that are not UTF-8`],
    ],
    ["has NUL characters", file("a\0b,good"), [`line ${afterGood}: text holds a NUL character`]],
    [
      "has a cell of 10 MB",
      file(`${"x".repeat(10_000_000)},good`),
      [`line ${afterGood}: a row that begins here is longer than`],
    ],
    [
      "never closes a quote",
      file('"words,good', ...good),
      [`line ${afterGood}: a quoted cell begins here and is never closed`],
    ],
    ["has one class only", "text,label\na,x\nb,x\n", ['every row is of the class "x"']],
    ["has too few rows", "text,label\na,x\nb,y\n", ["none of the 2 rows"]],
  ];

  test.each(cases)("%s", async (_, content, reasons) => {
    const { message } = await refusal(loadTexts(content));
    expect(message).toContain("data/texts.csv");
    for (const reason of reasons) expect(message).toContain(reason);
  });

  test("has a class that the configuration does not list, or lacks one that it lists", async () => {
    const data = textData({ classes: ["good", "bad"] });
    const { message } = await refusal(loadTexts(file("words,Good"), { data }));
    expect(message).toBe(`data/texts.csv: line ${afterGood}: label "Good" is none of the classes "good", "bad"`);
    const more = textData({ classes: ["good", "bad", "mixed"] });
    expect((await refusal(loadTexts(file(), { data: more }))).message).toContain('no row is of the class "mixed"');
  });

  test("has an unknown split, or leaves test without a row", async () => {
    const data = textData({ split: "part" });
    const rows = good.map((row) => `${row},train`);
    const unknown = ["text,label,part", ...rows, "words,good,training set"].join("\n");
    expect((await refusal(loadTexts(unknown, { data }))).message).toContain(
      `line ${afterGood}: part "training set" is none of train,`,
    );
  });

  test("gives two rows one id", async () => {
    const data = textData({ id: "key" });
    const rows = ["text,label,key", ...good.map((row, index) => `${row},k${index}`), "more,good,k7"];
    const { message } = await refusal(loadTexts(rows.join("\n"), { data }));
    expect(message).toBe(`data/texts.csv: line ${afterGood}: the id "k7" is already the one of line 9`);
  });

  test("has a class for almost every row", async () => {
    const rows = Array.from({ length: 10_001 }, (_, index) => `words,class ${index}`);
    const { message } = await refusal(loadTexts([header, ...rows].join("\n")));
    expect(message).toContain('line 10002: the file has more than 10000 classes: is "label" the right column?');
  });

  test("is not there, or is a folder without CSV files", async () => {
    await using folder = await temporaryFolder();
    const missing = loadDataset(textData(), { root: folder.path });
    expect((await refusal(missing)).message).toContain("data/texts.csv: no such file");
    const data = textData({ path: "texts" });
    const { message } = await refusal(loadTexts({ "texts/notes.txt": "text" }, { data }));
    expect(message).toBe("data/texts: is a folder without any .csv file");
  });

  test("is one of several: the one at fault is named", async () => {
    const data = textData({ path: "texts" });
    const { message } = await refusal(loadTexts({ "texts/a.csv": file(), "texts/b.csv": file("words,") }, { data }));
    expect(message).toBe(`data/texts/b.csv: line ${afterGood}: label is empty`);
  });
});
