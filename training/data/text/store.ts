import { createHash } from "node:crypto";
import { createColumn } from "./column.ts";
import { createSpool } from "./spool.ts";

/** A row of a text file, checked. */
export interface TextRow {
  text: string;
  label: string;
  id: string | undefined; // when the file has a column for it
  split: number; // place in `roleNames`; 0, which is train, where there is no split
  slices: number; // a bit for each configured slice
  line: number;
}

/** All rows, in the order of the files. A row takes some forty bytes of memory, however long its text. */
export interface TextStore {
  readonly classes: readonly string[]; // sorted; labels are places in it
  readonly length: number;
  readonly sizes: Uint32Array; // of the texts, in bytes
  readonly labels: Uint16Array;
  readonly splits: Uint8Array;
  readonly slices: Uint32Array;
  readonly lines: Uint32Array;
  /** The first eight bytes of the SHA-256 of each text, in one of Unicode's spellings. */
  readonly contents: BigUint64Array;
  /** The same of each id; empty when there are none. */
  readonly ids: BigUint64Array;
  text(row: number): string;
  id(row: number): string | undefined;
}

export const mostClasses = 10_000;

export function createTextWriter() {
  const spool = createSpool();
  const found = new Map<string, number>(); // class name -> number in the order of appearance
  const offsets = createColumn((length) => new Float64Array(length));
  const sizes = createColumn((length) => new Uint32Array(length));
  const idSizes = createColumn((length) => new Uint32Array(length));
  const labels = createColumn((length) => new Uint16Array(length));
  const splits = createColumn((length) => new Uint8Array(length));
  const slices = createColumn((length) => new Uint32Array(length));
  const lines = createColumn((length) => new Uint32Array(length));
  const contents = createColumn((length) => new BigUint64Array(length));
  const ids = createColumn((length) => new BigUint64Array(length));

  return {
    classes: found as ReadonlyMap<string, number>,
    add(row: TextRow): void {
      const { offset, size } = spool.append(row.text);
      offsets.push(offset);
      sizes.push(size);
      if (row.id !== undefined) {
        idSizes.push(spool.append(row.id).size); // its place is behind the text
        ids.push(shortHash(row.id));
      }
      const label = found.get(row.label) ?? found.size;
      found.set(row.label, label);
      labels.push(label);
      splits.push(row.split);
      slices.push(row.slices);
      lines.push(row.line);
      contents.push(shortHash(row.text.normalize("NFC")));
    },
    /** What was added. `listed`: the classes in the order that the configuration gives them. */
    finish(listed: readonly string[] | undefined): TextStore {
      const classes = listed ?? [...found.keys()].sort();
      const places = new Map([...found].map(([name, number]) => [number, classes.indexOf(name)]));
      const [starts, lengths, idLengths] = [offsets.values(), sizes.values(), idSizes.values()];
      return {
        classes,
        length: lengths.length,
        sizes: lengths,
        labels: labels.values().map((number) => places.get(number) ?? 0),
        splits: splits.values(),
        slices: slices.values(),
        lines: lines.values(),
        contents: contents.values(),
        ids: ids.values(),
        text: (row) => spool.read(starts[row] ?? 0, lengths[row] ?? 0),
        id: (row) =>
          idLengths.length === 0
            ? undefined
            : spool.read((starts[row] ?? 0) + (lengths[row] ?? 0), idLengths[row] ?? 0),
      };
    },
  };
}

function shortHash(text: string): bigint {
  return createHash("sha256").update(text).digest().readBigUInt64BE();
}
