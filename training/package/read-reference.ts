import type { Digest } from "#training/candidate.ts";
import type { Storage } from "#training/storage/storage.ts";
import { about } from "./about.ts";
import { parseClassNames } from "./class-names.ts";
import { withRemedy } from "./describe.ts";
import { digestsFile, parseDigests, sha256 } from "./digests.ts";
import { parseJson } from "./json.ts";
import { parseMlModel } from "./ml-model.ts";
import { Reference } from "./reference.ts";

/** What drift is measured against. */
export interface ReferenceOfPackage {
  readonly digest: Digest;
  readonly name: string; // of the model
  readonly classes: readonly string[];
  readonly reference: Reference;
}

/**
 * The statistics of a package that lies anywhere, without its weights: what is read is held to the package's list, and
 * the list to `expected`, where it is given. Throws a `BadInputError` that names the file at fault.
 */
export async function readReference(storage: Storage, expected?: Digest): Promise<ReferenceOfPackage> {
  return await withRemedy(storage.uri, async () => {
    const list = await bytesOf(storage, digestsFile);
    const digest = sha256(list);
    if (expected !== undefined && digest !== expected)
      throw new Error(`${digestsFile}: its digest is ${digest}, ${expected} was expected`);
    const digests = about(digestsFile, () => parseDigests(list.toString("latin1")));
    const read = async <T>(name: string, parse: (text: string) => T): Promise<T> => {
      const bytes = await bytesOf(storage, name);
      if (sha256(bytes) !== digests.get(name)) throw new Error(`${name}: its digest is not the one in ${digestsFile}`);
      return about(name, () => parse(bytes.toString("utf8")));
    };
    const { info } = await read("MLmodel", parseMlModel);
    const classes = await read("class_names.txt", parseClassNames);
    const reference = await read("reference.json", (text) => parseJson(text, Reference));
    return { digest, name: info.name, classes, reference };
  });
}

async function bytesOf(storage: Storage, key: string): Promise<Buffer> {
  const bytes = await storage.read(key);
  if (!bytes) throw new Error(`${key}: missing`);
  return bytes;
}
