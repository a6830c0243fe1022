import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat, truncate } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { BadInputError } from "#config/bad-input.ts";

/** Of the whole file, in hexadecimal digits: its SHA-256, or the hash by which git knows it. */
export type Checksum = { sha256: string } | { gitBlob: string };

export type DownloadOptions = Checksum & {
  url: string;
  headers?: Readonly<Record<string, string>>; // beside those of the download itself
  signal?: AbortSignal | undefined;
  info: (message: string) => void;
  /** How long nothing may arrive, and how long to wait before the first retry. */
  stallMs?: number;
  retryMs?: number;
};

const fruitlessTries = 5; // in a row, each without a byte
const progressMs = 2_000;

/**
 * Fetches `url` to `path`. What is at `path` already, from a download that broke off, is continued; so is what a broken
 * connection leaves behind. When this returns, the file is whole and has the checksum.
 * @throws BadInputError when the server can't be reached or doesn't have the file, and for a wrong checksum, after which
 * the file is empty again; the signal's reason. What has arrived stays for the next time.
 */
export async function download(path: string, options: DownloadOptions): Promise<void> {
  const { url, signal, retryMs = 1_000 } = options;
  for (let fruitless = 0; ; ) {
    const before = await sizeOf(path);
    const reason = await fetchRest(path, before, options);
    if (reason === undefined) break;
    signal?.throwIfAborted();
    fruitless = (await sizeOf(path)) > before ? 0 : fruitless + 1;
    if (reason.final || fruitless === fruitlessTries) throw new BadInputError(`can't download ${url}: ${reason.text}`);
    options.info(`downloading ${url}: ${reason.text}; trying again`);
    await setTimeout(retryMs * 2 ** fruitless * (0.5 + Math.random()), undefined, signal && { signal });
  }
  const [kind, wanted] = "sha256" in options ? ["SHA-256", options.sha256] : ["git hash", options.gitBlob];
  const hash = "sha256" in options ? createHash("sha256") : createHash("sha1").update(`blob ${await sizeOf(path)}\0`);
  await pipeline(createReadStream(path), hash);
  const actual = hash.digest("hex");
  if (actual === wanted) return;
  await truncate(path); // what is wrong must not be continued
  throw new BadInputError(
    `the download of ${url} has the ${kind} ${actual}, where ${wanted} was expected: it was damaged on its way, or the file there is another one now`,
  );
}

/** Why the file isn't whole; `final` when another try would not help. */
interface Failure {
  text: string;
  final: boolean;
}

async function fetchRest(path: string, size: number, options: DownloadOptions): Promise<Failure | undefined> {
  const { url, headers, signal, info, stallMs = 30_000 } = options;
  const stalled = new AbortController();
  const watch = setInterval(() => stalled.abort(new Error(`nothing came for ${stallMs / 1000} s`)), stallMs);
  try {
    const response = await fetch(url, {
      headers: { ...headers, "accept-encoding": "identity", ...(size > 0 && { range: `bytes=${size}-` }) },
      signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    });
    if (response.status === 416) return undefined; // nothing is left to fetch; the checksum tells
    if (!response.ok || !response.body) {
      const final = response.status < 500 && response.status !== 408 && response.status !== 429;
      return { text: `the server answers ${response.status} ${response.statusText}`.trim(), final };
    }
    const isRest = response.status === 206;
    const start = isRest ? size : 0;
    const total = start + Number(response.headers.get("content-length") ?? Number.NaN);
    await using file = await open(path, isRest ? "a" : "w");
    let received = start;
    let toldMs = performance.now();
    for await (const chunk of response.body) {
      await file.writeFile(chunk);
      received += chunk.length;
      watch.refresh();
      if (performance.now() - toldMs < progressMs) continue;
      toldMs = performance.now();
      info(`downloading ${url}: ${progress(received, total)}`);
    }
    await file.sync();
    return received < total ? { text: `it ended after ${progress(received, total)}`, final: false } : undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { text: cause instanceof Error ? cause.message : String(cause), final: false };
  } finally {
    clearInterval(watch);
  }
}

function progress(received: number, total: number): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  if (!Number.isFinite(total)) return `${megabytes(received)} MB`;
  return `${megabytes(received)} of ${megabytes(total)} MB (${Math.floor((100 * received) / total)} %)`;
}

async function sizeOf(path: string): Promise<number> {
  const entry = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return entry?.size ?? 0;
}
