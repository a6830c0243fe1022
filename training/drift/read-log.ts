import { basename, dirname } from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { BadInputError } from "#config/bad-input.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Storage } from "#training/storage/storage.ts";
import { LoggedRequest } from "./logged-request.ts";

/** Which of the logged requests count. */
export interface Window {
  readonly digest: string; // of the model: others' answers say nothing of this one
  readonly since?: Date;
  readonly until?: Date;
}

/** Where a log lies: one object, or all that end in `.jsonl` or `.jsonl.gz` under a prefix. */
export interface LogPlace {
  readonly storage: Storage;
  readonly prefix: string; // or the key; empty for the whole storage
}

/** A log by its path (a file, or a folder of them) or its s3:// prefix. */
export function logAt(uri: string): LogPlace {
  if (uri.includes("://")) return { storage: openStorage(uri), prefix: "" };
  return { storage: openStorage(dirname(uri)), prefix: basename(uri) };
}

/** What was read beside the requests of the window. */
export interface Others {
  damaged: number; // lines that were none: a server that is killed leaves half of one
  others: number; // requests of another model or time
}

const dayMs = 86_400_000;

/**
 * Tells `add` each request of a window, one at a time: a log of any size takes little memory. Objects whose key names a
 * day outside of the window (`2026-11-26`, `2026/11/26`) are not read.
 * @throws BadInputError when there is no log, or it can't be read.
 */
export async function readRequests(
  { storage, prefix }: LogPlace,
  window: Window,
  add: (request: LoggedRequest) => void,
): Promise<Others> {
  const found: Others = { damaged: 0, others: 0 };
  try {
    const keys = (await keysOf(storage, prefix)).filter((key) => mayHold(key, window));
    for (const key of keys) {
      for await (const line of linesOf(storage, key)) {
        const parsed = LoggedRequest.safeParse(parseLine(line));
        if (!parsed.success) found.damaged += 1;
        else if (isWithin(parsed.data, window)) add(parsed.data);
        else found.others += 1;
      }
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new BadInputError(`can't read the request log: ${reason}`, { cause });
  }
  return found;
}

async function keysOf(storage: Storage, prefix: string): Promise<string[]> {
  if (prefix !== "" && (await storage.stat(prefix))) return [prefix];
  const keys = (await storage.list(prefix)).filter((key) => /\.jsonl(\.\d+)?(\.gz)?$/.test(key));
  if (keys.length === 0) throw new Error(`no .jsonl in ${[storage.uri, prefix].filter(Boolean).join("/")}`);
  return keys;
}

/** A day's objects may hold lines of the day before or after, by clocks and time zones. */
function mayHold(key: string, { since, until }: Window): boolean {
  const [, year, month, day] = /(?:^|\D)(20\d\d)[-/]?(\d\d)[-/]?(\d\d)(?:\D|$)/.exec(key) ?? [];
  const start = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(start)) return true;
  return !(since && start + 2 * dayMs < since.getTime()) && !(until && start - dayMs > until.getTime());
}

async function* linesOf(storage: Storage, key: string): AsyncGenerator<string> {
  const source = storage.open(key);
  if (!key.endsWith(".gz")) return yield* createInterface({ input: source, crlfDelay: Infinity });
  const unpacked = createGunzip();
  const done = pipeline(source, unpacked);
  done.catch(() => undefined); // told by the lines, which end with it
  yield* createInterface({ input: unpacked, crlfDelay: Infinity });
  await done;
}

function isWithin({ time, digest }: LoggedRequest, window: Window): boolean {
  const at = new Date(time);
  return (
    digest === window.digest &&
    (window.since === undefined || at >= window.since) &&
    (window.until === undefined || at < window.until)
  );
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
