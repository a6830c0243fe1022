import type { Readable } from "node:stream";

/** One object: its key, and its size in bytes. */
export interface StoredObject {
  readonly key: string;
  readonly size: number;
}

/** How far a copy of many objects has come; bytes that had to be sent twice count once. */
export interface Progress {
  readonly key: string; // the object that moved last
  readonly bytes: number; // of all objects together, so far
  readonly totalBytes: number;
}

/**
 * Objects by key under one root: a folder or an S3 prefix. Keys use `/` and never climb out of the root.
 * Writes are atomic: a reader sees the old object or the whole new one.
 */
export interface Storage {
  readonly uri: string;
  /** The object's bytes; `undefined` when there is none. */
  read(key: string): Promise<Buffer | undefined>;
  /** The object as a stream, of any size in little memory. It fails where there is none, and where what came is not what was stored. */
  open(key: string): Readable;
  /** Whether the object is there, and how large; `undefined` when there is none. */
  stat(key: string): Promise<StoredObject | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Writes only where no object is yet; false when there was one. */
  writeNew(key: string, bytes: Uint8Array): Promise<boolean>;
  /**
   * Replaces the object only while it holds exactly `expected`; false when it holds something else or is gone. Of several
   * swaps at once from the same value one wins. A key that is swapped is never to be written by `write`.
   */
  swap(key: string, expected: Uint8Array, bytes: Uint8Array): Promise<boolean>;
  /** Copies a local folder's files to `prefix`; `last` names a file that must be written after all others. */
  upload(
    folder: string,
    prefix: string,
    options?: { last?: string; onProgress?: (progress: Progress) => void },
  ): Promise<void>;
  /** Copies every object under `prefix` into a local folder. */
  download(prefix: string, folder: string, options?: { onProgress?: (progress: Progress) => void }): Promise<void>;
  /** Keys under `prefix`, sorted. */
  list(prefix: string): Promise<string[]>;
  /** The same with sizes. */
  entries(prefix: string): Promise<StoredObject[]>;
  delete(key: string): Promise<void>;
}
