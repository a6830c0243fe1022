/**
 * Objects by key under one root: a folder or an S3 prefix. Keys use `/` and never climb out of the root.
 * Writes are atomic: a reader sees the old object or the whole new one.
 */
export interface Storage {
  readonly uri: string;
  /** The object's bytes; `undefined` when there is none. */
  read(key: string): Promise<Buffer | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Writes only where no object is yet; false when there was one. */
  writeNew(key: string, bytes: Uint8Array): Promise<boolean>;
  /** Copies a local folder's files to `prefix`; `last` names a file that must be written after all others. */
  upload(folder: string, prefix: string, options?: { last?: string }): Promise<void>;
  /** Copies every object under `prefix` into a local folder. */
  download(prefix: string, folder: string): Promise<void>;
  /** Keys under `prefix`, sorted. */
  list(prefix: string): Promise<string[]>;
  delete(key: string): Promise<void>;
}
