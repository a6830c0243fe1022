import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Data } from "#config/schema.ts";
import { findSample, isDataThere, openSource, type SourceOptions, sampleKey } from "./source.ts";

/** One file of a data set: key under `data.root`, size in bytes, SHA-256 in hexadecimal digits. */
export interface DataFile {
  key: string;
  size: number;
  sha256: string;
}

/**
 * Every file of a model's data, sorted by key: equal manifests mean equal data, byte for byte.
 * @throws BadInputError when there is no data.
 */
export async function dataManifest(data: Data, options: SourceOptions = {}): Promise<DataFile[]> {
  const source = await openSource(data, options);
  const manifest: DataFile[] = [];
  for (const { key, size } of source.files) {
    const hash = createHash("sha256");
    await pipeline(source.open(key), hash);
    manifest.push({ key, size, sha256: hash.digest("hex") });
  }
  return manifest;
}

/**
 * The manifest that reading the data would find, and nothing is brought for it: a sample of the checkout at `codeRoot`
 * counts as copied. `undefined` where the data has to be downloaded first.
 */
export async function expectedManifest(
  data: Data,
  { root, codeRoot }: { root: string; codeRoot: string },
): Promise<DataFile[] | undefined> {
  if (await isDataThere(data, root)) return await dataManifest(data, { root });
  if (data.format === "cifar10") return undefined;
  const sample = await findSample(data.path, join(codeRoot, "training/data/samples"));
  if (sample === undefined) return await dataManifest(data, { root }); // tells what is missing
  const files = await dataManifest({ ...data, root: dirname(sample), path: basename(sample) });
  return files.map((file) => ({ ...file, key: sampleKey(data.path, file.key) }));
}
