import { posix } from "node:path";
import { buffer } from "node:stream/consumers";
import { createProblems, type Problems, quoted } from "./problems.ts";
import type { Source } from "./source.ts";

/** Pixels along a side, and colours: red, green, blue. */
export const side = 32;
export const channels = 3;
export const imageBytes = side * side * channels;

const classCount = 10;
const recordBytes = 1 + imageBytes; // the label, then each colour's pixels row by row
const trainFiles = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);
const testFile = "test_batch.bin";
const namesFile = "batches.meta.txt";

/** Every file of the data set. */
export const cifar10Files: readonly string[] = [...trainFiles, testFile, namesFile];

/** All images of the files, one after the other: those of the test batch last. */
export interface Images {
  classes: readonly string[];
  /** `imageBytes` for each image: rows from the top, in a row pixels from the left, in a pixel red, green and blue. */
  pixels: Uint8Array;
  labels: Uint8Array;
  /** How many come before those of the test batch. */
  trainCount: number;
}

/**
 * Reads the six batches and the class names under `path`. Batches may have any number of records.
 * @throws BadInputError naming file, record (counted from 1) and reason of up to twenty problems at once.
 */
export async function readCifar10(source: Source, path: string): Promise<Images> {
  const problems = createProblems(source.name(path));
  const keyOf = (name: string) => posix.join(path, name);
  const files = new Map(cifar10Files.map((name) => [name, source.files.find(({ key }) => key === keyOf(name))]));
  for (const [name, file] of files) if (!file) problems.add(`${name} is missing`);
  problems.raiseIfAny();

  const sizes = [...trainFiles, testFile].map((name) => files.get(name)?.size ?? 0);
  for (const [index, name] of [...trainFiles, testFile].entries()) checkLength(name, sizes[index] ?? 0, problems);
  const classes = parseNames((await buffer(source.open(keyOf(namesFile)))).toString("utf8"), problems);
  problems.raiseIfAny();

  const counts = sizes.map((size) => size / recordBytes);
  const count = counts.reduce((sum, records) => sum + records, 0);
  const images = { pixels: new Uint8Array(count * imageBytes), labels: new Uint8Array(count) };
  let first = 0;
  for (const [index, name] of [...trainFiles, testFile].entries()) {
    const bytes = await buffer(source.open(keyOf(name)));
    if (bytes.length !== sizes[index]) problems.add(`${name} changed while it was read: read it again`);
    problems.raiseIfAny();
    unpack(bytes, { ...images, first, tell: (record, reason) => problems.add(`${name}, record ${record}: ${reason}`) });
    first += counts[index] ?? 0;
  }
  problems.raiseIfAny();
  return { classes, ...images, trainCount: count - (counts.at(-1) ?? 0) };
}

function checkLength(name: string, size: number, problems: Problems): void {
  const whole = Math.floor(size / recordBytes);
  if (size === 0) problems.add(`${name} is empty`);
  else if (size % recordBytes !== 0) {
    const rest = `${size % recordBytes} of ${recordBytes} bytes`;
    problems.add(`${name}, record ${whole + 1}: has ${rest}: the file is cut off, fetch it again`);
  }
}

function parseNames(text: string, problems: Problems): string[] {
  const names = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (names.length !== classCount) problems.add(`${namesFile} names ${names.length} classes, where there are ten`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.add(`${namesFile} names the class ${quoted(twice)} twice`);
  const odd = names.find((name) => /\p{Cc}|\uFFFD/u.test(name));
  if (odd !== undefined) problems.add(`${namesFile} names a class ${quoted(odd)}, which is no text`);
  return names;
}

interface Unpacking {
  pixels: Uint8Array;
  labels: Uint8Array;
  first: number; // place of the file's first image
  tell(record: number, reason: string): void;
}

/** Puts a file's labels and pixels to their places; colours, which the file has one after the other, pixel by pixel. */
function unpack(bytes: Uint8Array, { pixels, labels, first, tell }: Unpacking): void {
  const area = side * side;
  for (let record = 0; record * recordBytes < bytes.length; record++) {
    const label = bytes[record * recordBytes] ?? 0;
    if (label >= classCount) tell(record + 1, `the label is ${label}, where 0 to ${classCount - 1} are known`);
    labels[first + record] = label;
    const from = record * recordBytes + 1;
    const to = (first + record) * imageBytes;
    for (let pixel = 0; pixel < area; pixel++) {
      const at = to + pixel * channels;
      pixels[at] = bytes[from + pixel] ?? 0;
      pixels[at + 1] = bytes[from + area + pixel] ?? 0;
      pixels[at + 2] = bytes[from + 2 * area + pixel] ?? 0;
    }
  }
}
