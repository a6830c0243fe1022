import type { Readable } from "node:stream";
import { type Cell, damage } from "./cells.ts";
import { type Columns, findColumns, type Wanted } from "./columns.ts";
import { readCsv } from "./csv.ts";
import type { Problems } from "./problems.ts";

/** A row of a CSV file, cell by cell. What is wrong with a cell becomes a problem, and the row is no longer sound. */
export interface RowReader {
  readonly columns: Columns;
  readonly line: number; // where the row begins, counted from 1
  readonly isSound: boolean;
  /** What `read` makes of the cell; `undefined` when it can't be used. */
  take<T>(column: number, read: (text: string) => Cell<T>): T | undefined;
  /** The same for a column that the configuration need not name. */
  takeIfNamed<T>(column: number | undefined, read: (text: string) => Cell<T>): T | undefined;
  refuse(reason: string): void;
}

export interface RowsOptions {
  delimiter: string;
  wanted: Wanted;
  problems: Problems;
  onRow(row: RowReader): void;
}

/** Reads a CSV file whose header names the wanted columns; gives the columns, or `undefined` for a file without any row. */
export async function readRows(stream: Readable, options: RowsOptions): Promise<Columns | undefined> {
  const { delimiter, wanted, problems, onRow } = options;
  let columns: Columns | undefined;
  let width = 0;
  let rows = 0;
  await readCsv(stream, {
    delimiter,
    problems,
    onRow(cells, line) {
      if (width === 0) {
        width = cells.length;
        columns = findColumns(cells, wanted, problems);
        return;
      }
      rows += 1;
      if (columns === undefined) return; // without them no row can be judged
      if (cells.length !== width) problems.add(`the row has ${cells.length} cells, the header ${width}`, line);
      else {
        const row = createRowReader(cells, { columns, line, problems });
        if (row.isSound) onRow(row);
      }
    },
  });
  if (width === 0) problems.add("is empty: the first line must name the columns");
  problems.raiseIfAny();
  if (rows === 0) problems.add("has a header and no rows");
  problems.raiseIfAny();
  return columns;
}

function createRowReader(
  cells: readonly string[],
  { columns, line, problems }: { columns: Columns; line: number; problems: Problems },
): RowReader {
  let isSound = true;
  const refuse = (reason: string) => {
    isSound = false;
    problems.add(reason, line);
  };
  for (const [index, cell] of cells.entries()) {
    const reason = damage(cell);
    if (reason !== undefined) refuse(`${columns.header[index]} ${reason}`);
  }
  const take = <T>(column: number, read: (text: string) => Cell<T>): T | undefined => {
    const cell = read(cells[column] ?? "");
    if ("value" in cell) return cell.value;
    refuse(`${columns.header[column]} ${cell.wrong}`);
    return undefined;
  };
  return {
    columns,
    line,
    get isSound() {
      return isSound;
    },
    take,
    takeIfNamed: (column, read) => (column === undefined ? undefined : take(column, read)),
    refuse,
  };
}
