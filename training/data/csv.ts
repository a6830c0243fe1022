import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, parse } from "csv-parse";
import type { Problems } from "./problems.ts";

const maximumRowBytes = 1_048_576;

export interface CsvOptions {
  /** One character. */
  delimiter: string;
  problems: Problems;
  /** Gets each row, the header's first; `line` is where it begins in the file, counted from 1. */
  onRow(cells: string[], line: number): void;
}

/**
 * Reads an RFC 4180 file in UTF-8, with or without byte order mark, leaving empty lines out.
 * A file that can't be read to its end is told as a problem.
 */
export async function readCsv(stream: Readable, { delimiter, problems, onRow }: CsvOptions): Promise<void> {
  let end = 0; // line in which the last row ended
  let miscounted = 0; // csv-parse counts a line break of two characters inside quotes twice
  const parser = parse({
    bom: true,
    delimiter,
    max_record_size: maximumRowBytes,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true, // a ragged row is the caller's to tell
    skip_empty_lines: true,
    trim: true,
    on_record(cells: string[], { lines }) {
      const text = cells.join("");
      miscounted += count(text, /\r\n/g);
      end = lines - miscounted;
      onRow(cells, end - count(text, /\n/g));
      return undefined; // nothing to buffer: the row has been dealt with
    },
  });
  try {
    await pipeline(stream, parser.resume());
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    problems.add(reasons[error.code] ?? error.message, end + 1);
  }
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

const reasons: Partial<Record<CsvError["code"], string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quoted cell begins here and is never closed: add the missing "',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote has text after it: write a quote inside a quoted cell twice, as ""',
  INVALID_OPENING_QUOTE:
    'a quote stands inside an unquoted cell: put the whole cell in quotes and write the inner quote as ""',
  CSV_MAX_RECORD_SIZE: `a row that begins here is longer than ${maximumRowBytes} bytes: is a closing quote missing?`,
};
