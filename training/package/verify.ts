import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Digest } from "#training/candidate.ts";
import { about } from "./about.ts";
import { digestsFile, parseDigests, sha256 } from "./digests.ts";

const mebibyte = 2 ** 20;
const largestBytes = 64 * mebibyte;
const largestWeightsBytes = 2048 * mebibyte;

/**
 * Compares a package's files with its list, and the list with `expected`. Returns the bytes of `used`, which are the ones
 * that were verified. Throws an error that names every file at fault.
 */
export async function verifyFiles<Name extends string>(
  folder: string,
  used: readonly Name[],
  expected?: Digest,
): Promise<{ digest: Digest; files: Record<Name, Uint8Array> }> {
  const present = await listFiles(folder);
  if (!present.includes(digestsFile)) throw new Error(`${digestsFile}: missing`);
  const list = await readLimited(folder, digestsFile);
  const digest = sha256(list);
  if (expected !== undefined && digest !== expected) {
    throw new Error(
      `${digestsFile}: its digest is ${digest}, ${expected} was expected; this is another package, or a changed one`,
    );
  }
  const digests = about(digestsFile, () => parseDigests(Buffer.from(list).toString("latin1")));
  const problems = [
    ...used.filter((path) => !digests.has(path)).map((path) => `${path}: not listed in ${digestsFile}`),
    ...[...digests.keys()].filter((path) => !present.includes(path)).map((path) => `${path}: missing`),
    ...present
      .filter((path) => path !== digestsFile && !digests.has(path))
      .map((path) => `${path}: not listed in ${digestsFile}`),
  ];
  const files: Partial<Record<string, Uint8Array>> = {};
  for (const [path, wanted] of digests) {
    if (!present.includes(path)) continue;
    const bytes = await readLimited(folder, path);
    const actual = sha256(bytes);
    if (actual !== wanted) problems.push(`${path}: its digest is ${actual}, ${digestsFile} says ${wanted}`);
    if (used.some((name) => name === path)) files[path] = bytes;
  }
  if (problems.length > 0) throw new Error([...new Set(problems)].join("\n"));
  return { digest, files: files as Record<Name, Uint8Array> };
}

/** Paths of the files in the folder, with `/`. A link could lead out of the package and change after it was verified. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw cause.code === "ENOENT" ? new Error("there is no such folder", { cause }) : cause;
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/");
      if (!entry.isFile()) throw new Error(`${path}: not a plain file`);
      return path;
    })
    .sort();
}

async function readLimited(folder: string, path: string): Promise<Uint8Array> {
  const { size } = await stat(join(folder, path));
  const largest = /\.(bin|h5|safetensors)$/.test(path) ? largestWeightsBytes : largestBytes;
  if (size > largest) throw new Error(`${path}: ${size} bytes; at most ${largest} are read`);
  return readFile(join(folder, path));
}
