import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { LoggedRequest } from "#training/drift/logged-request.ts";
import type { Storage } from "#training/storage/storage.ts";

const pack = promisify(gzip);
const mostHeldBytes = 8 * 2 ** 20;

export interface StoredLogOptions {
  readonly storage: Pick<Storage, "uri" | "write">;
  readonly model: string; // its name, below which drift looks for it
  readonly everySeconds: number;
  readonly maxBytes: number; // of lines, before they are packed, that are enough for an object at any time
}

/**
 * A log of objects MODEL/DAY/TIME-ID.jsonl.gz, one for the lines of so many seconds. What is not written yet is held in
 * memory: a server that is killed loses it. While an object is written 8 MiB of lines may wait for the next one; requests
 * beyond are left out, and counted for `onError`.
 */
export function openStoredLog(
  { storage, model, everySeconds, maxBytes }: StoredLogOptions,
  onError: (error: Error) => void,
) {
  const enough = Math.min(maxBytes, mostHeldBytes);
  let lines: string[] = [];
  let bytes = 0;
  let leftOut = 0;
  let writing: Promise<void> | undefined;

  const write = async (text: string) => {
    const [day, time = ""] = new Date().toISOString().split("T");
    const name = `${time.slice(0, 8).replaceAll(":", "")}-${randomUUID().slice(0, 8)}`;
    await storage.write(`${model}/${day}/${name}.jsonl.gz`, await pack(text));
  };
  const hand = () => {
    if (writing || lines.length === 0) return;
    const text = lines.join("");
    [lines, bytes] = [[], 0];
    writing = write(text)
      .catch(onError)
      .finally(() => {
        writing = undefined;
        if (leftOut > 0) onError(new Error(`${leftOut} requests came faster than ${storage.uri} took them`));
        leftOut = 0;
      });
  };
  const timer = setInterval(hand, everySeconds * 1000);
  timer.unref();

  return {
    add(entry: LoggedRequest): void {
      if (bytes >= mostHeldBytes) {
        leftOut += 1;
        return;
      }
      const line = `${JSON.stringify(entry)}\n`;
      lines.push(line);
      bytes += line.length;
      if (bytes >= enough) hand();
    },
    async close(): Promise<void> {
      clearInterval(timer);
      await writing;
      hand();
      await writing;
    },
  };
}
