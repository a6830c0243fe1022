import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import { type Entry, fromLine, toLine } from "./entry.ts";

export type Journal = ReturnType<typeof openJournal>;

/** An entry and the offset in bytes at which its line ends. */
export interface PlacedEntry {
  entry: Entry;
  end: number;
}

const newline = 0x0a;
const tailBytes = 64 * 1024;

/**
 * The journal of one run, append-only: an entry is in the hands of the operating system when `append` returns, so the
 * death of this program loses nothing. A last line that was torn by a crash is dropped at opening.
 */
export function openJournal(path: string) {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "a+");
  let offset = wholeLines(file);
  ftruncateSync(file, offset);

  return {
    path,

    /** Bytes of whole entries so far. */
    get offset(): number {
      return offset;
    },

    append(entry: Entry): void {
      const bytes = Buffer.from(toLine(entry));
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      offset += bytes.length;
    },

    /** Waits until the disk has it all, so that a crash of the machine loses nothing either. */
    sync: () => fsyncSync(file),

    close: () => closeSync(file),
  };
}

/** Entries whose lines lie whole between two offsets; about `maximumBytes` of them, one at least. */
export async function readJournal(
  path: string,
  range: { from?: number; to?: number; maximumBytes?: number | undefined } = {},
): Promise<PlacedEntry[]> {
  const { from = 0, to = Number.POSITIVE_INFINITY, maximumBytes = Number.POSITIVE_INFINITY } = range;
  await using file = await open(path, "r");
  const size = Math.min((await file.stat()).size, to);
  for (let length = Math.min(size - from, maximumBytes); length > 0; length = Math.min(size - from, length * 2)) {
    const bytes = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(bytes, 0, length, from);
    const end = bytes.subarray(0, bytesRead).lastIndexOf(newline) + 1;
    if (end > 0) return parse(bytes.subarray(0, end), { path, from });
    if (from + length >= size) break; // a line that is not whole yet
  }
  return [];
}

function parse(bytes: Buffer, { path, from }: { path: string; from: number }): PlacedEntry[] {
  const placed: PlacedEntry[] = [];
  for (let start = 0; start < bytes.length; ) {
    const stop = bytes.indexOf(newline, start) + 1;
    try {
      placed.push({ entry: fromLine(bytes.toString("utf8", start, stop)), end: from + stop });
    } catch (cause) {
      throw new BadInputError(`${path}: what starts at byte ${from + start} is not a journal entry`, { cause });
    }
    start = stop;
  }
  return placed;
}

/** Where the last whole line ends. */
function wholeLines(file: number): number {
  const { size } = fstatSync(file);
  const tail = Buffer.alloc(tailBytes);
  for (let end = size; end > 0; end -= tailBytes) {
    const start = Math.max(0, end - tailBytes);
    const length = readSync(file, tail, 0, end - start, start);
    const last = tail.subarray(0, length).lastIndexOf(newline);
    if (last >= 0) return start + last + 1;
  }
  return 0;
}
