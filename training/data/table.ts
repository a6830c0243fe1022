import type { TableData } from "#config/schema.ts";
import { damage, isInSlice, readName, readNumber } from "./cells.ts";
import { type Columns, findColumns } from "./columns.ts";
import { readCsv } from "./csv.ts";
import type { Dataset } from "./dataset.ts";
import { createProblems, type Problems, quoted } from "./problems.ts";
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

  let columns: Columns | undefined;
  let width = 0;
  const rows: Row[] = [];
  const lineOfId = new Map<string, number>();
  const stream = source.open(data.path);
  await readCsv(stream, {
    delimiter: data.delimiter,
    problems,
    onRow(cells, line) {
      if (width === 0) {
        width = cells.length;
        columns = findColumns(cells, data, problems);
        return;
      }
      if (columns === undefined) return; // without them no row can be judged
      if (cells.length !== width) {
        problems.add(`the row has ${cells.length} cells, the header ${width}`, line);
        return;
      }
      const row = readRow(cells, { columns, data, tell: (reason) => problems.add(reason, line) });
      if (row === undefined) return;
      if (row.id !== undefined) {
        const earlier = lineOfId.get(row.id);
        if (earlier !== undefined)
          problems.add(`${data.id} ${quoted(row.id)} is already the id of line ${earlier}`, line);
        lineOfId.set(row.id, line);
      }
      rows.push(row);
    },
  });

  if (width === 0) problems.add("is empty: the first line must name the columns");
  problems.raiseIfAny();
  if (rows.length === 0) problems.add("has a header and no rows");
  checkClasses(rows, data, problems);
  problems.raiseIfAny();
  const unused = columns?.unused ?? [];
  if (unused.length > 0) source.info(`${file}: not used: ${unused.map(quoted).join(", ")}`);
  return assemble(rows, data, { file, info: source.info });
}

interface RowContext {
  columns: Columns;
  data: TableData;
  tell(reason: string): void;
}

/** A row's content, or undefined when something is wrong with it. */
function readRow(cells: readonly string[], { columns, data, tell }: RowContext): Row | undefined {
  const names = columns.header;
  let isWhole = true;
  for (const [index, cell] of cells.entries()) {
    const reason = damage(cell);
    if (reason === undefined) continue;
    tell(`${names[index]} ${reason}`);
    isWhole = false;
  }
  if (!isWhole) return undefined;
  const take = <T>(column: number, read: (text: string) => { value: T } | { wrong: string }): T | undefined => {
    const cell = read(cells[column] ?? "");
    if ("value" in cell) return cell.value;
    tell(`${names[column]} ${cell.wrong}`);
    isWhole = false;
    return undefined;
  };
  const inputs = columns.features.map(
    (column, index) => take(column, (text) => readNumber(text, data.features[index])) ?? 0,
  );
  const label = take(columns.label, readName) ?? "";
  const id = columns.id === undefined ? undefined : take(columns.id, readName);
  const group = columns.group === undefined ? undefined : take(columns.group, readName);
  const slices = columns.slices.filter(({ column, slice }) => take(column, (text) => isInSlice(text, slice)));
  if (isWhole && data.classes && !data.classes.includes(label)) {
    tell(`${data.label} ${quoted(label)} is none of the classes ${data.classes.map(quoted).join(", ")}`);
    return undefined;
  }
  return isWhole ? { inputs, label, id, group, slices: slices.map(({ name }) => name) } : undefined;
}

function checkClasses(rows: readonly Row[], data: TableData, problems: Problems): void {
  const found = new Set(rows.map((row) => row.label));
  if (found.size === 1)
    problems.add(`every row is of the class ${quoted([...found].join())}: nothing can be told apart`);
  const absent = (data.classes ?? []).filter((name) => !found.has(name));
  if (found.size > 1 && absent.length > 0) problems.add(`no row is of the class ${absent.map(quoted).join(", ")}`);
}
