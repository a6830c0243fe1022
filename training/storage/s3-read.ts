import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from "@aws-sdk/client-s3";
import { failureOf } from "./s3-error.ts";

/** An object that was replaced while it was read, or that is not what was stored: reading it anew may help. */
export class UnfitReadError extends Error {
  override name = "UnfitReadError";
}

export interface ReadOptions {
  readonly bucket: string;
  readonly key: string;
  /** How often reading on is tried, counted anew after each `partBytes` that came. */
  readonly attempts: number;
  readonly partBytes: number;
  /** What it must be, in hexadecimal digits; what it was stored with when absent. */
  readonly sha256?: string;
  /** Told the object's entity tag. */
  readonly onEtag?: (etag: string | undefined) => void;
}

/**
 * The object's bytes as they come. A connection that breaks is resumed where it broke, as long as the object is the same (RFC 9110,
 * Range with If-Match); at the end the SHA-256 must be the one that was stored.
 * @throws UnfitReadError, and whatever the SDK throws.
 */
export async function* readObject(client: S3Client, options: ReadOptions): AsyncGenerator<Buffer> {
  const { bucket, key, attempts, partBytes, onEtag } = options;
  const object = { Bucket: bucket, Key: key };
  let answer = await client.send(new GetObjectCommand({ ...object, ChecksumMode: "ENABLED" }));
  const { ETag: etag, ContentLength: size = 0 } = answer;
  const wanted = options.sha256 ?? storedDigest(answer);
  onEtag?.(etag);
  const hash = createHash("sha256");
  let offset = 0;
  let resumedAt = 0;
  for (let failures = 0; ; ) {
    try {
      for await (const chunk of answer.Body as AsyncIterable<Buffer>) {
        hash.update(chunk);
        offset += chunk.length;
        yield chunk;
      }
      if (offset === size) break;
      throw new Error(`the answer ended after ${offset} of ${size} bytes`);
    } catch (error) {
      const { message } = failureOf(error);
      const isDamaged = offset >= size || message.startsWith("Checksum mismatch"); // the SDK's, which may overtake the last bytes
      if (isDamaged) throw unfit(`what came is not what was stored (${message})`);
      if (offset - resumedAt >= partBytes) failures = 0;
      if (++failures >= attempts) throw error;
    }
    await sleep(Math.random() * Math.min(10_000, 100 * 2 ** failures));
    resumedAt = offset;
    answer = await client
      .send(new GetObjectCommand({ ...object, Range: `bytes=${offset}-`, IfMatch: etag }))
      .catch((error) => {
        throw failureOf(error).status === 412 ? unfit("it was replaced while it was read") : error;
      });
    if (!answer.ContentRange?.startsWith(`bytes ${offset}-`)) throw unfit("the server can't resume a broken answer");
  }
  const found = hash.digest("hex");
  if (wanted !== undefined && found !== wanted) {
    throw unfit(`what came is not what was stored (SHA-256 ${found} instead of ${wanted})`);
  }
}

/** SHA-256 in hexadecimal digits, as we noted it or as the server keeps it of the whole object. */
function storedDigest({ Metadata, ChecksumSHA256 }: GetObjectCommandOutput): string | undefined {
  if (Metadata?.["sha256"]) return Metadata["sha256"];
  if (!ChecksumSHA256 || ChecksumSHA256.includes("-")) return undefined; // one of parts needs their sizes
  return Buffer.from(ChecksumSHA256, "base64").toString("hex");
}

function unfit(reason: string): UnfitReadError {
  return new UnfitReadError(`${reason}: run again; if it stays so, store the object anew`);
}
