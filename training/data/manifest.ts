import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import type { Data } from "#config/schema.ts";
import { openSource, type SourceOptions } from "./source.ts";

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
