import type { TableData } from "#config/schema.ts";
import { isInSlice, readName, readNumber } from "./cells.ts";
import { checkClasses } from "./classes.ts";
import type { Dataset } from "./dataset.ts";
import { createProblems, quoted } from "./problems.ts";
import { type RowReader, readRows } from "./rows.ts";
import type { Source } from "./source.ts";
import { assemble, type Row } from "./table-dataset.ts";

/**
 * Reads a CSV file whose header names the configured columns.
 * @throws BadInputError naming file, line and reason of up to twenty problems at once.
 */
export async function loadTable(data: TableData, source: Source): Promise<Dataset> {
  const file = source.name(data.path);
  const problems = createProblems(file);
  if (source.files[0]?.key !== data.path) problems.add("is a folder, where one CSV file is needed");
  problems.raiseIfAny();

  const rows: Row[] = [];
  const lineOfId = new Map<string, number>();
  const columns = await readRows(source.open(data.path), {
    delimiter: data.delimiter,
    wanted: { ...data, features: data.features.map(({ name }) => name) },
    problems,
    onRow(reader) {
      const row = readRow(reader, data);
      if (row === undefined) return;
      if (row.id !== undefined) {
        const earlier = lineOfId.get(row.id);
        if (earlier !== undefined) reader.refuse(`${data.id} ${quoted(row.id)} is already the id of line ${earlier}`);
        lineOfId.set(row.id, reader.line);
      }
      rows.push(row);
    },
  });
  checkClasses(new Set(rows.map((row) => row.label)), data.classes, problems);
  const unused = columns?.unused ?? [];
  if (unused.length > 0) source.info(`${file}: not used: ${unused.map(quoted).join(", ")}`);
  return assemble(rows, data, { file, info: source.info });
}

/** A row's content, or undefined when something is wrong with it. */
function readRow(row: RowReader, data: TableData): Row | undefined {
  const { columns } = row;
  const inputs = columns.features.map(
    (column, index) => row.take(column, (text) => readNumber(text, data.features[index])) ?? 0,
  );
  const label = row.take(columns.label, readName) ?? "";
  const id = row.takeIfNamed(columns.id, readName);
  const group = row.takeIfNamed(columns.group, readName);
  const slices = columns.slices.filter(({ column, slice }) => row.take(column, (text) => isInSlice(text, slice)));
  if (row.isSound && data.classes && !data.classes.includes(label))
    row.refuse(`${data.label} ${quoted(label)} is none of the classes ${data.classes.map(quoted).join(", ")}`);
  return row.isSound ? { inputs, label, id, group, slices: slices.map(({ name }) => name) } : undefined;
}
