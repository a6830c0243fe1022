import { createWriteStream, statSync, type WriteStream } from "node:fs";
import { rename } from "node:fs/promises";
import type { LoggedRequest } from "#training/drift/logged-request.ts";

/** A log in a file, which at `maxBytes` is put aside as PATH.1, in place of the one before. */
export function openFileLog(path: string, maxBytes: number, onError: (error: Error) => void) {
  let bytes = sizeOf(path);
  let stream = open();
  let turning = Promise.resolve();

  function open(): WriteStream {
    return createWriteStream(path, { flags: "a" }).on("error", onError);
  }

  const turn = () => {
    bytes = 0;
    const full = stream;
    turning = new Promise<void>((resolve) => full.end(resolve))
      .then(() => rename(path, `${path}.1`))
      .catch(onError)
      .then(() => {
        stream = open();
      });
  };

  return {
    add(entry: LoggedRequest): void {
      if (stream.writableEnded) return; // the file is being put aside: some are lost
      const line = `${JSON.stringify(entry)}\n`;
      stream.write(line);
      bytes += line.length;
      if (bytes >= maxBytes) turn();
    },
    async close(): Promise<void> {
      await turning;
      await new Promise<void>((resolve) => stream.end(resolve));
    },
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
