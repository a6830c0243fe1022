import { posix } from "node:path";
import type { TextData } from "#config/text.ts";
import { type Cell, isInSlice, readName } from "#training/data/cells.ts";
import { checkClasses } from "#training/data/classes.ts";
import type { TextDataset } from "#training/data/dataset.ts";
import { createProblems, quoted } from "#training/data/problems.ts";
import { roleNames } from "#training/data/roles.ts";
import { type RowReader, readRows } from "#training/data/rows.ts";
import type { Source } from "#training/data/source.ts";
import { assemble } from "./assemble.ts";
import { createTextWriter, mostClasses, type TextRow } from "./store.ts";

/**
 * Reads a CSV file of texts, or every CSV file of a folder, row by row: texts go to disk, so that memory grows with the
 * number of rows and not with their size. Tells what the data is like.
 * @throws BadInputError naming file, line and reason of up to twenty problems at once.
 */
export async function loadText(data: TextData, source: Source): Promise<TextDataset> {
  const name = source.name(data.path);
  const files = source.files.filter(({ key }) => key === data.path || posix.extname(key) === ".csv");
  const problems = createProblems(name);
  if (files.length === 0) problems.add("is a folder without any .csv file");
  if (Object.keys(data.slices).length > mostSlices) problems.add(`at most ${mostSlices} slices can be told apart`);
  problems.raiseIfAny();

  const writer = createTextWriter();
  for (const { key } of files) {
    const inFile = createProblems(source.name(key));
    const columns = await readRows(source.open(key), {
      delimiter: data.delimiter,
      wanted: { ...data, features: [data.text] },
      problems: inFile,
      onRow(reader) {
        const row = readRow(reader, data);
        if (row.label !== undefined && !writer.classes.has(row.label) && writer.classes.size === mostClasses)
          reader.refuse(`the file has more than ${mostClasses} classes: is ${quoted(data.label)} the right column?`);
        if (reader.isSound) writer.add(row);
      },
    });
    inFile.raiseIfAny();
    const unused = columns?.unused ?? [];
    if (unused.length > 0) source.info(`${source.name(key)}: not used: ${unused.map(quoted).join(", ")}`);
  }
  checkClasses(new Set(writer.classes.keys()), data.classes, problems);
  return assemble(writer.finish(data.classes), data, { name, info: source.info });
}

const mostSlices = 32; // a bit each

function readRow(row: RowReader, data: TextData): TextRow {
  const { columns } = row;
  const text = row.take(columns.features[0] ?? -1, readText) ?? "";
  const label = row.take(columns.label, readName) ?? "";
  const id = row.takeIfNamed(columns.id, readName);
  const split = row.takeIfNamed(columns.split, readSplit) ?? 0;
  const slices = columns.slices.reduce((bits, { column, slice }, index) => {
    const isIn = row.take(column, (cell) => isInSlice(cell, slice));
    return isIn ? (bits | (1 << index)) >>> 0 : bits;
  }, 0);
  if (row.isSound && data.classes && !data.classes.includes(label))
    row.refuse(`${data.label} ${quoted(label)} is none of the classes ${data.classes.map(quoted).join(", ")}`);
  return { text, label, id, split, slices, line: row.line };
}

function readText(text: string): Cell<string> {
  return text.trim() === "" ? { wrong: "is empty" } : { value: text.trim() };
}

const splitNames: Record<string, (typeof roleNames)[number]> = {
  train: "train",
  training: "train",
  validation: "validation",
  valid: "validation",
  val: "validation",
  dev: "validation",
  test: "test",
};

function readSplit(text: string): Cell<number> {
  const role = splitNames[text.trim().toLowerCase()];
  if (role === undefined) return { wrong: `${quoted(text)} is none of ${Object.keys(splitNames).join(", ")}` };
  return { value: roleNames.indexOf(role) };
}
