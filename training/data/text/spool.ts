import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const chunkBytes = 1_048_576;
const closer = new FinalizationRegistry<number>(closeSync);

/** Texts on disk, so that they need no memory. The file has no name: it goes with the program, however that ends. */
export interface Spool {
  /** Puts the text at the end; returns its place and its size in bytes. */
  append(text: string): { offset: number; size: number };
  read(offset: number, size: number): string;
}

export function createSpool(): Spool {
  const folder = mkdtempSync(join(tmpdir(), "slipway-text-"));
  const file = openSync(join(folder, "texts"), "wx+");
  rmSync(folder, { recursive: true });
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let end = 0; // of all that was appended

  const write = (): void => {
    const chunk = Buffer.concat(waiting);
    for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
    [waiting, waitingBytes] = [[], 0];
  };

  const spool: Spool = {
    append(text) {
      const bytes = Buffer.from(text);
      const offset = end;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      end += bytes.length;
      if (waitingBytes >= chunkBytes) write();
      return { offset, size: bytes.length };
    },
    read(offset, size) {
      if (waitingBytes > 0) write();
      const bytes = Buffer.alloc(size);
      for (let done = 0; done < size; ) {
        const read = readSync(file, bytes, done, size - done, offset + done);
        if (read === 0) throw new Error(`the spooled texts end before byte ${offset + size}`);
        done += read;
      }
      return bytes.toString("utf8");
    },
  };
  closer.register(spool, file);
  return spool;
}
