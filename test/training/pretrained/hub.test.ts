import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLocalServer } from "#test/parts/local-server.ts";
import { refusal } from "#test/parts/refusal.ts";
import { startS3 } from "#test/parts/s3.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { parseCheckpoint } from "#training/models/transformer/pretrained.ts";
import { checkpointManifest, openCheckpoint } from "#training/pretrained/files.ts";
import { fetchFromHub, parseHubUri } from "#training/pretrained/hub.ts";
import { openStorage } from "#training/storage/open.ts";

const commit = "12040accade4e8a0f71eabdb258fecc2e7e948be";
const model = { repository: "distilbert/small", commit };
const folder = await temporaryFolder();
const checkpoint = join(folder.path, "checkpoint");
const files = new Map<string, Buffer>();
const wanted = [
  "config.json",
  "model.safetensors",
  "vocab.txt",
  "tokenizer_config.json",
  "README.md",
  "tokenizer.json",
];

beforeAll(async () => {
  await writeSmallCheckpoint(checkpoint);
  await writeFile(join(checkpoint, "pytorch_model.bin"), "pickle, never fetched");
  for (const name of await readdir(checkpoint)) files.set(name, await readFile(join(checkpoint, name)));
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The hub, as far as it is used: a commit's list of files with their hashes, and the files. `send` may do worse. */
async function startHub({
  send = sendWhole,
  hashes = hashesOf,
}: {
  send?: typeof sendWhole;
  hashes?: typeof hashesOf;
} = {}) {
  const seen: { url: string; range: string | undefined; authorization: string | undefined }[] = [];
  const server = await startLocalServer((request, response) => {
    const { url = "", headers } = request;
    seen.push({ url, range: headers.range, authorization: headers.authorization });
    const name = /\/resolve\/[0-9a-f]{40}\/(.+)$/.exec(url)?.[1];
    const bytes = files.get(name ?? "");
    if (url === `/api/models/distilbert/small/revision/${commit}?blobs=true`) {
      const siblings = [...files].map(([rfilename, content]) => ({ rfilename, ...hashes(rfilename, content) }));
      response.end(JSON.stringify({ id: "distilbert/small", sha: commit, siblings }));
    } else if (name !== undefined && bytes) send(request, response, { name, bytes });
    else response.writeHead(404).end("no such thing");
  });
  const cache = await temporaryFolder();
  return {
    seen,
    options: { endpoint: server.uri, token: undefined, cache: cache.path, info: () => undefined, retryMs: 1 },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await cache[Symbol.asyncDispose]();
    },
  };
}

function hashesOf(name: string, bytes: Buffer): object {
  const blobId = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const isLarge = name.endsWith(".safetensors") || name.endsWith(".bin");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { size: bytes.length, blobId, ...(isLarge && { lfs: { sha256, size: bytes.length, pointerSize: 134 } }) };
}

interface Sending {
  name: string;
  bytes: Buffer;
}

function sendWhole(request: IncomingMessage, response: ServerResponse, { bytes }: Sending): void {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200, { "content-length": bytes.length - start });
  response.end(bytes.subarray(start));
}

describe("a checkpoint of the hub", () => {
  test("is downloaded once, without what is not used, and is the same as in a folder", async () => {
    await using hub = await startHub();
    const path = await fetchFromHub(model, wanted, { ...hub.options, token: "secret" });
    expect(new Set(await readdir(path))).toEqual(new Set([...files.keys()].filter((name) => wanted.includes(name))));
    for (const name of await readdir(path)) expect(await readFile(join(path, name))).toEqual(files.get(name));
    expect(hub.seen.every(({ authorization }) => authorization === "Bearer secret")).toBe(true);
    const asked = hub.seen.length;
    expect(await fetchFromHub(model, wanted, hub.options)).toBe(path);
    expect(hub.seen).toHaveLength(asked);
  });

  test("goes on where its download broke off, also in another program", async () => {
    let isBroken = true;
    await using hub = await startHub({
      send(request, response, sending) {
        const { name, bytes } = sending;
        if (name !== "model.safetensors" || !isBroken) return sendWhole(request, response, sending);
        isBroken = false;
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, 5000), () => setTimeout(() => response.destroy(), 50));
      },
    });
    const path = await fetchFromHub(model, wanted, hub.options);
    expect(await readFile(join(path, "model.safetensors"))).toEqual(files.get("model.safetensors"));
    expect(hub.seen.map(({ range }) => range).filter(Boolean)).toEqual(["bytes=5000-"]);
  });

  test("that arrives damaged is refused and not kept; the next time it is fetched again", async () => {
    let isDamaged = true;
    await using hub = await startHub({
      send(request, response, sending) {
        const bytes = Buffer.from(sending.bytes);
        if (isDamaged && sending.name === "config.json") bytes[5] = (bytes[5] ?? 0) ^ 1;
        sendWhole(request, response, { ...sending, bytes });
      },
    });
    expect((await refusal(fetchFromHub(model, wanted, hub.options))).message).toMatch(/config\.json has the git hash/);
    isDamaged = false;
    const path = await fetchFromHub(model, wanted, hub.options);
    expect(await readFile(join(path, "config.json"))).toEqual(files.get("config.json"));
  });

  test("whose large file is another one is refused by its SHA-256", async () => {
    const hashes = (name: string, bytes: Buffer) => hashesOf(name, name.endsWith("s") ? Buffer.from("other") : bytes);
    await using hub = await startHub({ hashes });
    const { message } = await refusal(fetchFromHub(model, wanted, hub.options));
    expect(message).toMatch(/model\.safetensors has the SHA-256/);
  });

  test("that can't be had is told with what to do instead", async () => {
    await using hub = await startHub();
    const absent = fetchFromHub({ repository: "distilbert/absent", commit }, wanted, hub.options);
    expect((await refusal(absent)).message).toMatch(
      /revision\/12040.*: the hub answers 404.*; without the hub, training\.transformer\.checkpoint may name a folder/,
    );
    const away = fetchFromHub(model, wanted, { ...hub.options, endpoint: await closedServer() });
    expect((await refusal(away)).message).toMatch(/can't be read: connect ECONNREFUSED.*; without the hub/);
  });

  test("that is not public is told with the token's variable; 503 is asked again", async () => {
    const statuses = [503, 503, 401];
    await using server = await startLocalServer((_, response) => response.writeHead(statuses.shift() ?? 500).end());
    await using cache = await temporaryFolder();
    const told: string[] = [];
    const info = (line: string) => void told.push(line);
    const options = { endpoint: server.uri, token: undefined, cache: cache.path, info, retryMs: 1 };
    expect((await refusal(fetchFromHub(model, wanted, options))).message).toMatch(/answers 401 .*HF_TOKEN/);
    expect(statuses).toEqual([]);
    const again = expect.stringMatching(/^http:.*: the hub answers 503 .*; trying again$/);
    expect(told).toEqual([again, again]);
  });

  test.each([
    ["hf://bert@main", /a whole commit is needed/],
    ["hf://bert", /a whole commit is needed, as hf:\/\/bert@COMMIT/],
    [`hf://../../etc@${commit}`, /is no name of a model/],
    ["hf://@", /nothing is no name/],
  ])("is not named by %s", (uri, reason) => {
    expect(() => parseHubUri(uri)).toThrow(reason);
  });
});

/** The address of a server that has gone. */
async function closedServer(): Promise<string> {
  await using server = await startLocalServer(() => undefined);
  return server.uri;
}

describe("a checkpoint", () => {
  const options = { root: folder.path, info: () => undefined };

  test("is the same from a folder and from S3, its licence known", async () => {
    await using server = await startS3();
    const previous = { ...process.env };
    Object.assign(process.env, server.variables);
    try {
      const uri = `s3://${server.bucket}/pretrained/small`;
      await openStorage(`s3://${server.bucket}/pretrained`).upload(checkpoint, "small");
      const [local, stored] = [await openCheckpoint("checkpoint", options), await openCheckpoint(uri, options)];
      expect(local.license).toBe("cc0-1.0");
      expect(stored.license).toBe("cc0-1.0");
      expect(checkpointManifest(stored)).toEqual(checkpointManifest(local));
      expect(checkpointManifest(local).map(({ key }) => key)).toContain("pretrained/model.safetensors");
      expect(checkpointManifest({ ...local, uri: `hf://small@${commit}` })).toEqual([]);
      expect(parseCheckpoint(stored).weights.size).toBeGreaterThan(20);
    } finally {
      process.env = previous;
    }
  });

  test("that lacks files is told with all that is missing", async () => {
    await using empty = await temporaryFolder();
    expect((await refusal(openCheckpoint(empty.path, options))).message).toMatch(
      /lacks config\.json, model\.safetensors, tokenizer\.json \(or vocab\.txt\)/,
    );
  });

  test.each([
    ["config.json", "{", /config\.json: /],
    ["config.json", '{"model_type":"gpt2"}', /config\.json: .*model_type "gpt2" is none of "bert", "distilbert"/s],
    ["model.safetensors", "no tensors at all", /model\.safetensors: .*no safetensors file/],
    ["vocab.txt", "a\nb\n", /vocab\.txt: the vocabulary of 2 tokens lacks \[PAD\]/],
  ])("with a bad %s is refused", async (name, content, reason) => {
    const opened = await openCheckpoint("checkpoint", options);
    const files = new Map(opened.files).set(name as "config.json", Buffer.from(content));
    expect(() => parseCheckpoint({ ...opened, files })).toThrow(reason);
  });
});
