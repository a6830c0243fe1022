import { join } from "node:path";
import { Readable } from "node:stream";
import { BadInputError } from "#config/bad-input.ts";
import { place, writeDurably } from "./durable-file.ts";
import { checkedKey } from "./key.ts";
import { filesToUpload, progressOf } from "./local-files.ts";
import type { S3Objects } from "./s3-objects.ts";
import type { Storage, StoredObject } from "./storage.ts";

const concurrency = 4; // objects moved at once; a large one is sent in parts at once besides

/** Bucket and prefix (without slashes at its ends) of `s3://bucket[/prefix]`. @throws BadInputError when it names none. */
export function parseS3Uri(uri: string): { bucket: string; prefix: string } {
  const [, bucket, path = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/i.exec(uri) ?? [];
  if (bucket === undefined) throw new BadInputError(`${uri} names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX`);
  const prefix = path.replace(/\/+$/, "");
  return { bucket, prefix: prefix === "" ? "" : checkedKey(prefix) };
}

/**
 * Objects of an S3 bucket under a prefix. `connect` is called at first use, so that nothing is loaded before it is needed.
 * Whatever is read is checked against the SHA-256 it was stored with; whatever is written is checked by the server.
 */
export function createS3Storage(uri: string, connect: (bucket: string) => Promise<S3Objects>): Storage {
  const { bucket, prefix: root } = parseS3Uri(uri);
  const base = root === "" ? "" : `${root}/`;
  const at = (key: string) => base + checkedKey(key);
  let connection: Promise<S3Objects> | undefined;
  const objects = () => {
    connection ??= connect(bucket);
    return connection;
  };

  const entries = async (prefix: string): Promise<StoredObject[]> => {
    const found: StoredObject[] = [];
    for await (const { key, size } of (await objects()).list(prefix === "" ? base : `${at(prefix)}/`)) {
      found.push({ key: key.slice(base.length), size });
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1)); // S3's order is that of UTF-8, here it is JavaScript's
  };

  async function* bytesOf(key: string) {
    yield* (await objects()).open(at(key));
  }

  return {
    uri: `s3://${bucket}${root === "" ? "" : `/${root}`}`,
    read: async (key) => (await (await objects()).read(at(key)))?.bytes,
    open: (key) => Readable.from(bytesOf(key), { objectMode: false }),
    async stat(key) {
      // the key itself comes before all that it begins; a listing tells a missing bucket from a missing object
      for await (const found of (await objects()).list(at(key), 1)) {
        return found.key === at(key) ? { key, size: found.size } : undefined;
      }
      return undefined;
    },
    async write(key, bytes) {
      await (await objects()).write(at(key), bytes, {});
    },
    writeNew: async (key, bytes) => (await objects()).write(at(key), bytes, { only: { ifNoneMatch: "*" } }),
    async swap(key, expected, bytes) {
      const { read, write } = await objects();
      const current = await read(at(key));
      if (!current?.bytes.equals(expected)) return false;
      if (current.etag === undefined)
        throw new Error(`${uri}/${key} has no ETag: this server can't swap objects safely`);
      return await write(at(key), bytes, { only: { ifMatch: current.etag } });
    },
    async upload(folder, prefix, { last, onProgress } = {}) {
      const { write } = await objects();
      const files = await filesToUpload(folder, last);
      const moved = progressOf([...files.first, ...files.last], onProgress);
      const send = async ({ key }: StoredObject) => {
        await write(at(`${prefix}/${key}`), join(folder, key), { onBytes: (bytes) => moved(key, bytes) });
      };
      await Readable.from(files.first).forEach(send, { concurrency });
      for (const file of files.last) await send(file);
    },
    async download(prefix, folder, { onProgress } = {}) {
      const { copy } = await objects();
      const found = await entries(prefix);
      const moved = progressOf(found, onProgress);
      const fetch = async ({ key }: StoredObject) => {
        const path = join(folder, checkedKey(key).slice(prefix === "" ? 0 : prefix.length + 1));
        const save = (bytes: AsyncIterable<Buffer>) =>
          place(path, (draft) =>
            writeDurably(
              draft,
              counted(bytes, (count) => moved(key, count)),
            ),
          );
        await copy(at(key), save);
      };
      await Readable.from(found).forEach(fetch, { concurrency });
    },
    list: async (prefix) => (await entries(prefix)).map((object) => object.key),
    entries,
    delete: async (key) => (await objects()).delete(at(key)),
  };
}

async function* counted(chunks: AsyncIterable<Buffer>, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.length;
    onBytes(bytes);
  }
}
