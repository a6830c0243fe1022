import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { HeadObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { failureOf } from "./s3-error.ts";
import { readObject } from "./s3-read.ts";

const mostParts = 10_000; // of an upload; S3's own limit

export interface WriteOptions {
  readonly bucket: string;
  readonly key: string;
  /** Bytes, or the path of a file. */
  readonly source: Uint8Array | string;
  readonly size: number;
  readonly partBytes: number;
  readonly attempts: number;
  /** Write only where there is no object, or only over the one with this entity tag. */
  readonly only?: { ifNoneMatch: "*" } | { ifMatch: string };
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Writes one object: at once, or in parts that are tried again one by one; parts of a failed write are removed. The server
 * checks a SHA-256 of all it gets, and the one it kept is compared with what was to be sent; from a server that keeps none
 * the object is read back. False when the condition did not hold.
 */
export async function writeObject(client: S3Client, options: WriteOptions): Promise<boolean> {
  const { bucket, key, source, partBytes, attempts, only, onBytes } = options;
  const partSize = Math.max(partBytes, Math.ceil(options.size / mostParts));
  const digests = await digestsOf(source, partSize);
  const writer = randomUUID();
  const upload = new Upload({
    client,
    partSize,
    params: {
      Bucket: bucket,
      Key: key,
      Body: typeof source === "string" ? createReadStream(source) : source,
      ChecksumAlgorithm: "SHA256",
      Metadata: { sha256: digests.whole, writer },
      ...(only && "ifNoneMatch" in only ? { IfNoneMatch: only.ifNoneMatch } : {}),
      ...(only && "ifMatch" in only ? { IfMatch: only.ifMatch } : {}),
    },
  });
  upload.on("httpUploadProgress", ({ loaded }) => onBytes?.(loaded ?? 0));
  try {
    const { ChecksumSHA256: stored } = await upload.done();
    if (stored === undefined) {
      for await (const _ of readObject(client, { bucket, key, attempts, partBytes, sha256: digests.whole }));
    }
    if (stored === undefined || stored === digests.stored) return true;
    throw new Error(`the server holds other bytes (SHA-256 ${stored}) than were to be sent (${digests.stored})`);
  } catch (error) {
    const { status, name } = failureOf(error);
    const isRefused = only !== undefined && (status === 412 || name === "NoSuchKey");
    // an answer that was lost lets a repeated request fail on what the first one wrote
    if ((isRefused || name === "NoSuchUpload") && (await isBy(writer))) return true;
    if (isRefused) return false;
    throw error;
  }

  async function isBy(wanted: string): Promise<boolean> {
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).catch((error) => {
      if (failureOf(error).status === 404) return undefined;
      throw error;
    });
    return head?.Metadata?.["writer"] === wanted;
  }
}

/** SHA-256 of the whole in hexadecimal digits, and as S3 tells it: of one part in base64, of several that of their digests with their number. */
async function digestsOf(source: Uint8Array | string, partSize: number): Promise<{ whole: string; stored: string }> {
  const whole = createHash("sha256");
  const parts: Buffer[] = [];
  const pieces = typeof source === "string" ? createReadStream(source, { highWaterMark: 1024 * 1024 }) : [source];
  let part = createHash("sha256");
  let filled = 0;
  for await (const piece of pieces as AsyncIterable<Uint8Array> | Uint8Array[]) {
    whole.update(piece);
    for (let start = 0; start < piece.length; ) {
      if (filled === partSize) {
        parts.push(part.digest());
        [part, filled] = [createHash("sha256"), 0];
      }
      const end = Math.min(piece.length, start + partSize - filled);
      part.update(piece.subarray(start, end));
      filled += end - start;
      start = end;
    }
  }
  parts.push(part.digest());
  const [only] = parts;
  const stored =
    parts.length === 1 && only
      ? only.toString("base64")
      : `${createHash("sha256").update(Buffer.concat(parts)).digest("base64")}-${parts.length}`;
  return { whole: whole.digest("hex"), stored };
}
