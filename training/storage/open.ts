import { resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import { createFolderStorage } from "./folder.ts";
import type { Storage } from "./storage.ts";

/**
 * The storage at `uri`: a folder (relative to `root`) or `s3://bucket[/prefix]`.
 * @throws BadInputError for a scheme that is not known.
 */
export function openStorage(uri: string, root = process.cwd()): Storage {
  const scheme = /^([a-z0-9+.-]+):\/\//i.exec(uri)?.[1];
  if (scheme !== undefined) {
    throw new BadInputError(`${uri}: storage of the kind ${scheme}:// can't be opened here; name a folder instead`);
  }
  return createFolderStorage(resolve(root, uri));
}
