import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { create } from "tar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { Cifar10Data } from "#config/images.ts";
import { answering } from "#test/parts/answering.ts";
import { writeCifar10 } from "#test/parts/cifar10.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { loadDataset } from "#training/data/dataset.ts";
import { download } from "#training/data/download.ts";

const folder = await temporaryFolder();
let archive: Buffer;
let sha256: string;

beforeAll(async () => {
  await writeCifar10(folder.path);
  const file = join(folder.path, "archive.tar.gz");
  await writeFile(join(folder.path, "cifar10/readme.html"), "not wanted");
  await create({ file, cwd: folder.path, gzip: true, prefix: "" }, ["cifar10"]);
  archive = await readFile(file);
  sha256 = createHash("sha256").update(archive).digest("hex");
});
afterAll(() => folder[Symbol.asyncDispose]());

const arrivalMs = 50;

/** Answers with the archive from where the client wants it on. */
function send(request: IncomingMessage, response: ServerResponse, end = archive.length): void {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200, { "content-length": archive.length - start });
  response.write(archive.subarray(start, end), () => {
    if (end === archive.length) response.end();
    else setTimeout(() => response.destroy(), arrivalMs); // at once, what was sent could be lost with the connection
  });
}

describe("CIFAR-10 that is not in the data root", () => {
  const load = async (
    root: string,
    uri: string,
    { told = [], digest = sha256 }: { told?: string[]; digest?: string } = {},
  ) => {
    const url = `${uri}/cifar.tar.gz`;
    const data = Cifar10Data.parse({ format: "cifar10", root: ".", download: { url, sha256: digest } });
    return await loadDataset(data, { root, info: (line) => told.push(line) });
  };

  test("is downloaded, unpacked and said once; the second time it is there", async () => {
    await using root = await temporaryFolder();
    await using server = await answering((request, response) => send(request, response));
    const told: string[] = [];
    const { summary } = await load(root.path, server.uri, { told });
    expect(summary.rows.test).toBe(60);
    expect(told).toEqual([expect.stringContaining(`downloading ${server.uri}`)]);
    expect(await readdir(root.path)).toEqual(["cifar10"]);
    expect(await readdir(join(root.path, "cifar10"))).toHaveLength(7);
    await load(root.path, server.uri);
    expect(server.seen).toHaveLength(1);
  });

  test("is refused with what to do when the server hasn't it, and nothing half is left in its place", async () => {
    await using root = await temporaryFolder();
    await using server = await answering((_, response) => response.writeHead(404).end());
    const loading = load(root.path, server.uri);
    await expect(loading).rejects.toThrow(BadInputError);
    await expect(loading).rejects.toThrow(/put CIFAR-10's binary files there.*the server answers 404/s);
    expect(server.seen).toHaveLength(1);
    expect(await readdir(root.path)).toEqual([]);
  });

  test("is refused when the archive has another checksum, and fetched anew the next time", async () => {
    await using root = await temporaryFolder();
    await using server = await answering((request, response) => send(request, response));
    const loading = load(root.path, server.uri, { digest: "0".repeat(64) });
    await expect(loading).rejects.toThrow(BadInputError);
    await expect(loading).rejects.toThrow(`the SHA-256 ${sha256}, where ${"0".repeat(64)} was expected`);
    expect(await readdir(root.path)).not.toContain("cifar10");
    await expect(load(root.path, server.uri, { digest: "0".repeat(64) })).rejects.toThrow(`the SHA-256 ${sha256}`);
    expect(server.seen).toHaveLength(2);
  });
});

describe("a download", () => {
  const options = (uri: string, told: string[] = []) => {
    return { url: `${uri}/file`, sha256, retryMs: 1, info: (line: string) => void told.push(line) };
  };

  test("goes on where the connection broke", async () => {
    await using root = await temporaryFolder();
    const ranges: (string | undefined)[] = [];
    await using server = await answering((request, response, count) => {
      ranges.push(request.headers.range);
      send(request, response, count < 4 ? Math.floor((archive.length * count) / 4) : archive.length);
    });
    const path = join(root.path, "file");
    const told: string[] = [];
    await download(path, options(server.uri, told));
    expect((await readFile(path)).equals(archive)).toBe(true);
    expect(ranges[0]).toBeUndefined();
    const starts = ranges.map((range) => Number(/\d+/.exec(range ?? "")?.[0] ?? 0));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(starts.at(-1)).toBeGreaterThan(0);
    expect(told.join()).toContain("trying again");
  });

  test("goes on with what an earlier one left, and takes it as it is when it is whole", async () => {
    await using root = await temporaryFolder();
    await using server = await answering((request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? "")?.[0] ?? 0);
      if (start < archive.length) send(request, response);
      else response.writeHead(416).end();
    });
    const path = join(root.path, "file");
    await writeFile(path, archive.subarray(0, 1000));
    await download(path, options(server.uri));
    await download(path, options(server.uri));
    expect((await readFile(path)).equals(archive)).toBe(true);
  });

  test("begins anew where the server can't go on", async () => {
    await using root = await temporaryFolder();
    await using server = await answering((_, response) => response.end(archive));
    const path = join(root.path, "file");
    await writeFile(path, archive.subarray(0, 1000));
    await download(path, options(server.uri));
    expect((await readFile(path)).equals(archive)).toBe(true);
  });

  test("outlasts a server that fails for a while, and gives up on one that fails for good", async () => {
    await using root = await temporaryFolder();
    await using flaky = await answering((request, response, count) => {
      if (count < 3) response.writeHead(503).end();
      else send(request, response);
    });
    await download(join(root.path, "file"), options(flaky.uri));
    await using broken = await answering((_, response) => response.writeHead(500).end());
    const failing = download(join(root.path, "other"), options(broken.uri));
    await expect(failing).rejects.toThrow(/can't download .*: the server answers 500/);
    expect(broken.seen).toHaveLength(5);
  });

  test("does not wait for ever when nothing comes", async () => {
    await using root = await temporaryFolder();
    await using server = await answering((request, response, count) => {
      if (count > 1) send(request, response);
      else response.writeHead(200, { "content-length": archive.length }).write(archive.subarray(0, 500));
    });
    const told: string[] = [];
    await download(join(root.path, "file"), { ...options(server.uri, told), stallMs: 200 });
    expect(told.join()).toContain("nothing came for 0.2 s");
  });

  test("ends when it is told to", async () => {
    await using root = await temporaryFolder();
    await using server = await answering(() => undefined);
    const signal = AbortSignal.timeout(100);
    await expect(download(join(root.path, "file"), { ...options(server.uri), signal })).rejects.toThrow(/timeout/i);
  });
});
