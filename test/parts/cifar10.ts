import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Cifar10Data } from "#config/images.ts";
import { type Dataset, loadDataset } from "#training/data/dataset.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const classes = [
  ...["airplane", "automobile", "bird", "cat", "deer"],
  ...["dog", "frog", "horse", "ship", "truck"],
];
const side = 32;
export const recordBytes = 1 + 3 * side * side;

/** A record: the label, then three planes. The image has stripes whose width and direction are its class's, in colours of its own. */
export function record(label: number, seed: number): Buffer {
  const bytes = Buffer.alloc(recordBytes);
  bytes[0] = label;
  const width = 2 + (label % 5) * 2;
  const noise = (at: number) => ((Math.imul(at + 1 + seed * 7919, 2654435761) >>> 16) & 63) - 32;
  for (let at = 0; at < 3 * side * side; at++) {
    const [row, column] = [Math.floor(at / side) % side, at % side];
    const across = label < 5 ? row : column;
    const isLight = Math.floor((across + (seed % width)) / width) % 2 === 0;
    bytes[1 + at] = Math.min(255, Math.max(0, (isLight ? 190 : 60) + noise(at)));
  }
  return bytes;
}

/** The files of a small data set that a small network learns: `trainCount` records in five batches, `testCount` in one. */
export function cifar10Files(trainCount = 200, testCount = 60): Record<string, Buffer> {
  const records = Array.from({ length: trainCount + testCount }, (_, seed) => record(seed % 10, seed));
  const perBatch = trainCount / 5;
  const batches = [1, 2, 3, 4, 5].map((number) => [
    `data_batch_${number}.bin`,
    Buffer.concat(records.slice((number - 1) * perBatch, number * perBatch)),
  ]);
  return {
    ...Object.fromEntries(batches),
    "test_batch.bin": Buffer.concat(records.slice(trainCount)),
    "batches.meta.txt": Buffer.from(`${classes.join("\n")}\n`),
  };
}

/** Writes the files to `root/cifar10`. */
export async function writeCifar10(root: string, files = cifar10Files()): Promise<void> {
  await mkdir(join(root, "cifar10"), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(root, "cifar10", name), bytes);
}

/** Loads the files as the program does. Told messages go to `told`. */
export async function loadCifar10Files(
  files: Record<string, Buffer>,
  { data = {}, told = [] }: { data?: object; told?: string[] } = {},
): Promise<Dataset> {
  await using folder = await temporaryFolder();
  await writeCifar10(folder.path, files);
  const config = Cifar10Data.parse({ format: "cifar10", root: ".", ...data });
  return await loadDataset(config, { root: folder.path, info: (message) => told.push(message) });
}
