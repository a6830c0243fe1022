import { stat } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { DeleteObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { createS3Client, type S3Options } from "./s3-client.ts";
import { failureOf, s3Error } from "./s3-error.ts";
import { readObject, UnfitReadError } from "./s3-read.ts";
import { type WriteOptions, writeObject } from "./s3-write.ts";
import type { StoredObject } from "./storage.ts";

const smallestPartBytes = 5 * 1024 * 1024; // S3's own limit
const readings = 3; // of an object that was replaced or damaged on the way

/** An object in memory; `etag` tells it from what it was and will be. */
export interface S3Object {
  readonly bytes: Buffer;
  readonly etag: string | undefined;
}

/** The objects of one bucket, under their whole keys. Every error names bucket and key, what was attempted and what to do. */
export function createS3Objects(bucket: string, options: S3Options) {
  const { attempts = 5, partBytes = 8 * 1024 * 1024 } = options;
  if (partBytes < smallestPartBytes)
    throw new Error(`partBytes is ${partBytes}: S3 takes no parts under ${smallestPartBytes}`);
  const client = createS3Client(options);
  const server = options.endpoint === undefined ? "Amazon S3" : new URL(options.endpoint).host;
  const told = (action: string, key: string) => (error: unknown) => s3Error(error, { action, bucket, key, server });

  async function* open(key: string): AsyncGenerator<Buffer> {
    try {
      yield* readObject(client, { bucket, key, attempts, partBytes });
    } catch (error) {
      throw told("read", key)(error);
    }
  }

  const readOnce = async (key: string): Promise<S3Object> => {
    let etag: string | undefined;
    const onEtag = (found: string | undefined) => {
      etag = found;
    };
    const bytes = await buffer(readObject(client, { bucket, key, attempts, partBytes, onEtag }));
    return { bytes, etag };
  };

  const write = async (key: string, source: Uint8Array | string, extra: Pick<WriteOptions, "only" | "onBytes">) => {
    try {
      const size = typeof source === "string" ? (await stat(source)).size : source.length;
      return await writeObject(client, { bucket, key, source, size, partBytes, attempts, ...extra });
    } catch (error) {
      throw told("write", key)(error);
    }
  };

  return {
    /** As a stream of verified bytes; a break is resumed, a change while reading fails. */
    open,
    /** `undefined` when there is no such object. */
    async read(key: string): Promise<S3Object | undefined> {
      try {
        return await anew(() => readOnce(key));
      } catch (error) {
        if (failureOf(error).name === "NoSuchKey") return undefined;
        throw told("read", key)(error);
      }
    },
    /** Hands `fill` the object's bytes, again from the start when they turn out to be damaged or outdated. */
    async copy(key: string, fill: (bytes: AsyncIterable<Buffer>) => Promise<void>): Promise<void> {
      try {
        await anew(() => fill(readObject(client, { bucket, key, attempts, partBytes })));
      } catch (error) {
        throw told("read", key)(error);
      }
    },
    /** False when the condition `only` did not hold. */
    write,
    /** Every object whose key begins with `prefix`; folder marks are left out. */
    async *list(prefix: string, limit?: number): AsyncGenerator<StoredObject> {
      try {
        const input = { Bucket: bucket, Prefix: prefix, ...(limit === undefined ? {} : { MaxKeys: limit }) };
        for await (const page of paginateListObjectsV2({ client }, input)) {
          if (page.Name === undefined)
            throw new Error(`what ${server} answered is not S3's: check AWS_ENDPOINT_URL_S3`);
          for (const { Key: key = "", Size: size = 0 } of page.Contents ?? [])
            if (!key.endsWith("/")) yield { key, size };
        }
      } catch (error) {
        throw told("list", prefix)(error);
      }
    },
    async delete(key: string): Promise<void> {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })).catch((error) => {
        throw told("delete", key)(error);
      });
    },
  };
}
export type S3Objects = ReturnType<typeof createS3Objects>;

async function anew<T>(read: () => Promise<T>): Promise<T> {
  for (let reading = 1; ; reading++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof UnfitReadError) || reading === readings) throw error;
    }
  }
}
