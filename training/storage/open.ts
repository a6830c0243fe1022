import { resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import { s3Environment } from "./env.ts";
import { createFolderStorage } from "./folder.ts";
import { createS3Storage } from "./s3.ts";
import type { S3Options } from "./s3-client.ts";
import type { Storage } from "./storage.ts";

/**
 * The storage at `uri`: a folder (relative to `root`) or `s3://bucket[/prefix]`, whose endpoint, region and credentials
 * come from the variables and files that the AWS tools know unless `s3` names them.
 * @throws BadInputError for a scheme that is not known, or a URI without bucket.
 */
export function openStorage(uri: string, root = process.cwd(), s3: S3Options = s3Environment()): Storage {
  const scheme = /^([a-z0-9+.-]+):\/\//i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) return createFolderStorage(resolve(root, uri));
  if (scheme === "s3") {
    // the SDK takes half a second to load, which work on folders need not pay
    return createS3Storage(uri, async (bucket) => (await import("./s3-objects.ts")).createS3Objects(bucket, s3));
  }
  throw new BadInputError(
    `${uri}: storage of the kind ${scheme}:// can't be opened; name a folder or s3://BUCKET/PREFIX`,
  );
}
