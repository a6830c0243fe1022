import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { inspect } from "node:util";
import { HeadObjectCommand, ListMultipartUploadsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BadInputError } from "#config/bad-input.ts";
import { type FaultyProxy, type SeenRequest, startFaultyProxy, times } from "#test/parts/faulty-proxy.ts";
import { freePort } from "#test/parts/mlflow.ts";
import { type S3Server, startS3 } from "#test/parts/s3.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { openStorage } from "#training/storage/open.ts";
import { createS3Client, type S3Options } from "#training/storage/s3-client.ts";
import type { Storage } from "#training/storage/storage.ts";

const mebibyte = 1024 * 1024;
const html = "<html><body><h1>Bad gateway, says the balancer</h1></body></html>";
let server: S3Server;
let count = 0;

beforeAll(async () => {
  server = await startS3();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

interface Opened extends AsyncDisposable {
  readonly proxy: FaultyProxy;
  readonly storage: Storage; // through the proxy
  readonly direct: Storage; // the same without it
  readonly path: string; // a folder for the test's files
}

async function opened(options: S3Options = {}): Promise<Opened> {
  const { endpoint, credentials, bucket } = server;
  const uri = `s3://${bucket}/faults-${count++}`;
  const folder = await temporaryFolder();
  const proxy = await startFaultyProxy(endpoint);
  return {
    proxy,
    storage: openStorage(uri, ".", { endpoint: proxy.uri, credentials, attempts: 3, idleTimeoutMs: 500, ...options }),
    direct: openStorage(uri, ".", { endpoint, credentials }),
    path: folder.path,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const isGet = (request: SeenRequest) => request.method === "GET" && !request.query.has("list-type");
const isPut = (request: SeenRequest) => request.method === "PUT";
const isPart = (part: number) => (request: SeenRequest) => request.query.get("partNumber") === `${part}`;
const isCompletion = (request: SeenRequest) => request.method === "POST" && request.query.has("uploadId");
const everyTime = Number.POSITIVE_INFINITY;

/** The error that `work` ends with. */
async function failure(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => {
      throw new Error("it should have failed");
    },
    (error) => error,
  );
}

describe("reading goes on after", () => {
  test.each([
    ["two answers of 503", times(2, { kind: "answer", status: 503 }, isGet)],
    ["two pages of 502 by a balancer", times(2, { kind: "answer", status: 502, body: html }, isGet)],
    ["two broken connections", times(2, { kind: "reset" }, isGet)],
    ["silence", times(1, { kind: "hang" }, isGet)],
    ["a slow answer", times(everyTime, { kind: "delay", ms: 100 }, isGet)],
    ["a body that breaks off twice", times(2, { kind: "truncate", afterBytes: 100_000 }, isGet)],
    ["a body that stops coming", times(1, { kind: "stall", afterBytes: 100_000 }, isGet)],
    ["a bit that changed on the way", times(1, { kind: "flipAnswer" }, isGet)],
  ])("%s", async (_, fault) => {
    await using opening = await opened();
    const { proxy, storage, direct, path } = opening;
    const bytes = randomBytes(mebibyte);
    await direct.write("model.bin", bytes);
    proxy.fault = fault;
    expect((await storage.read("model.bin"))?.equals(bytes)).toBe(true);
    await storage.download("", path);
    expect((await readFile(join(path, "model.bin"))).equals(bytes)).toBe(true);
    expect(await readdir(path)).toEqual(["model.bin"]);
  });
});

test("a broken download goes on where it broke, and asks for the same object", async () => {
  await using opening = await opened();
  const { proxy, storage, direct } = opening;
  const bytes = randomBytes(mebibyte);
  await direct.write("model.bin", bytes);
  proxy.fault = times(2, { kind: "truncate", afterBytes: 300_000 }, isGet);
  expect((await buffer(storage.open("model.bin"))).equals(bytes)).toBe(true);
  const gets = proxy.seen.filter(isGet).map(({ headers }) => [headers["range"], headers["if-match"]]);
  expect(gets).toHaveLength(3);
  expect(gets[0]).toEqual([undefined, undefined]);
  for (const [range, etag] of gets.slice(1)) {
    expect(range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(etag).toMatch(/^"[^"]+"$/);
  }
});

test("an object that is replaced while it is read is read anew, and a stream of it fails", async () => {
  await using opening = await opened();
  const { proxy, storage, direct } = opening;
  await direct.write("model.bin", Buffer.alloc(mebibyte, 1));
  const replaceOnce = (): FaultyProxy["fault"] => {
    let isReplaced = false;
    return (request) => {
      if (!isGet(request) || isReplaced) return undefined;
      isReplaced = true;
      return { kind: "truncate", afterBytes: 100_000 };
    };
  };
  proxy.fault = replaceOnce();
  const stream = storage.open("model.bin");
  await new Promise((done) => stream.once("readable", done));
  await direct.write("model.bin", Buffer.alloc(mebibyte, 2));
  expect((await failure(buffer(stream))).message).toContain("replaced while it was read");

  proxy.fault = (request) =>
    isGet(request) && request.headers["range"] === undefined ? { kind: "truncate", afterBytes: 9 } : undefined;
  const reading = storage.read("model.bin");
  while (proxy.seen.filter(isGet).length < 3) await new Promise((done) => setTimeout(done, 5));
  await direct.write("model.bin", Buffer.alloc(mebibyte, 3));
  const read = await reading;
  expect(read?.every((byte) => byte === read[0])).toBe(true);
});

describe("writing goes on after", () => {
  test.each([
    ["two answers of 500", times(2, { kind: "answer", status: 500 }, isPut)],
    ["two broken connections", times(2, { kind: "reset" }, isPut)],
    ["silence", times(1, { kind: "hang" }, isPut)],
    ["a bit that changed on the way", times(1, { kind: "flipRequest" }, isPut)],
    ["an answer that was lost", times(1, { kind: "forget" }, isPut)],
  ])("%s", async (_, fault) => {
    await using opening = await opened();
    const { proxy, storage, direct } = opening;
    proxy.fault = fault;
    await storage.write("a.json", Buffer.from("whole"));
    expect((await direct.read("a.json"))?.toString()).toBe("whole");
    proxy.fault = fault;
    expect(await storage.writeNew("b.json", Buffer.from("new"))).toBe(true);
  });
});

test("who wrote, and did not hear so, knows of it; who came second knows that too", async () => {
  await using opening = await opened();
  const { proxy, storage, direct } = opening;
  proxy.fault = times(1, { kind: "forget" }, isPut);
  expect(await storage.writeNew("last", Buffer.from("1"))).toBe(true);
  proxy.fault = times(1, { kind: "forget" }, isPut);
  expect(await storage.swap("last", Buffer.from("1"), Buffer.from("2"))).toBe(true);
  proxy.fault = times(1, { kind: "reset" }, isPut);
  expect(await storage.writeNew("last", Buffer.from("2"))).toBe(false); // equal bytes of another writer
  expect((await direct.read("last"))?.toString()).toBe("2");
});

describe("of an object in parts", () => {
  const bytes = randomBytes(3 * 5 * mebibyte); // three whole parts
  const parts = { partBytes: 5 * mebibyte, idleTimeoutMs: 20_000 };

  test.each([
    ["answered 500", times(2, { kind: "answer", status: 500 }, isPart(2))],
    ["broken", times(2, { kind: "reset" }, isPart(2))],
    ["damaged on the way", times(1, { kind: "flipRequest" }, isPart(2))],
  ])("a part that was %s is sent again, and no other", async (_, fault) => {
    await using opening = await opened(parts);
    const { proxy, storage, direct, path } = opening;
    await writeFile(join(path, "weights.bin"), bytes);
    proxy.fault = fault;
    await storage.upload(path, "model");
    expect((await direct.read("model/weights.bin"))?.equals(bytes)).toBe(true);
    expect(proxy.seen.filter(isPart(1))).toHaveLength(1);
    expect(proxy.seen.filter(isPart(3))).toHaveLength(1);
    expect(proxy.seen.filter(isPart(2)).length).toBeGreaterThan(1);
  });

  test("a part that never arrives ends the write without object, mark or parts left behind", async () => {
    await using opening = await opened(parts);
    const { proxy, storage, direct, path } = opening;
    await writeFile(join(path, "weights.bin"), bytes);
    await writeFile(join(path, "candidate.json"), "{}");
    proxy.fault = times(everyTime, { kind: "answer", status: 503 }, isPart(2));
    const error = await failure(storage.upload(path, "model", { last: "candidate.json" }));
    expect(error.message).toMatch(
      /can't write s3:\/\/slipway-tests\/faults-\d+\/model\/weights\.bin: .* answered 503, 3 times/,
    );
    expect(await direct.list("")).toEqual([]);
    const client = createS3Client(server);
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: server.bucket }));
    expect(Uploads ?? []).toEqual([]);
  });

  test("a completion whose answer was lost counts as one", async () => {
    await using opening = await opened(parts);
    const { proxy, storage, direct } = opening;
    proxy.fault = times(1, { kind: "forget" }, isCompletion);
    await storage.write("weights.bin", bytes);
    proxy.fault = times(1, { kind: "forget" }, isCompletion);
    expect(await storage.writeNew("new.bin", bytes)).toBe(true);
    expect(await storage.writeNew("new.bin", bytes)).toBe(false);
    expect((await direct.read("new.bin"))?.equals(bytes)).toBe(true);
  });

  test("the server's digest is that of the parts", async () => {
    await using opening = await opened(parts);
    await opening.direct.write("x", Buffer.from("x"));
    await opening.storage.write("weights.bin", bytes);
    const client = createS3Client(server);
    const Key = `${opening.storage.uri.split("/").at(-1)}/weights.bin`;
    const head = await client.send(new HeadObjectCommand({ Bucket: server.bucket, Key, ChecksumMode: "ENABLED" }));
    expect(head.ChecksumSHA256).toMatch(/-3$/);
  });
});

describe("a clear error names bucket and key and what to do when", () => {
  test.each([
    ["the server keeps failing", { kind: "answer", status: 503 }, /answered 503, 3 times in a row: try again later$/],
    ["a balancer keeps failing", { kind: "answer", status: 502, body: html }, /answered 502, 3 times in a row/],
    [
      "connections keep breaking",
      { kind: "reset" },
      /no connection to 127\.0\.0\.1:\d+ \(ECONNRESET\).*AWS_ENDPOINT_URL_S3/,
    ],
    ["nothing answers", { kind: "hang" }, /did not answer in time/],
    ["what answers is no S3 server", { kind: "answer", status: 200, body: html }, /is not S3's|not what was stored/],
  ] as const)("%s", async (_, fault, expected) => {
    await using opening = await opened();
    const { proxy, storage } = opening;
    proxy.fault = times(everyTime, fault, () => true);
    const acts = [() => storage.list("a"), () => storage.write("a", Buffer.from("1")), () => storage.stat("a")];
    for (const act of acts) {
      const error = await failure(act());
      expect(error.message).toMatch(/^can't (list|write) s3:\/\/slipway-tests\/faults-\d+\/a\/?: /);
      expect(error.message).toMatch(expected);
      expect(inspect(error)).not.toContain("<h1>");
      expect(error).not.toBeInstanceOf(BadInputError);
    }
  });

  test("bodies keep breaking off", async () => {
    await using opening = await opened();
    await opening.direct.write("model.bin", randomBytes(mebibyte));
    opening.proxy.fault = times(everyTime, { kind: "truncate", afterBytes: 1000 }, isGet);
    const { message } = await failure(opening.storage.read("model.bin"));
    expect(message).toMatch(/^can't read s3:\/\/slipway-tests\/faults-\d+\/model\.bin: /);
    expect(opening.proxy.seen.filter(isGet)).toHaveLength(3);
  });

  test("what comes is never what was stored", async () => {
    await using opening = await opened();
    await opening.direct.write("model.bin", randomBytes(1000));
    opening.proxy.fault = times(everyTime, { kind: "flipAnswer" }, isGet);
    const { storage, path } = opening;
    for (const read of [() => storage.read("model.bin"), () => storage.download("", path)])
      expect((await failure(read())).message).toContain("what came is not what was stored");
    expect(await readdir(opening.path)).toEqual([]);
  });

  test("what arrives is never what was sent", async () => {
    await using opening = await opened();
    opening.proxy.fault = times(everyTime, { kind: "flipRequest" }, isPut);
    const { message } = await failure(opening.storage.write("model.bin", randomBytes(1000)));
    expect(message).toMatch(/wrong checksum/);
    expect(await opening.direct.list("")).toEqual([]);
  });

  test("the bucket is missing", async () => {
    const storage = openStorage("s3://absent/models", ".", {
      endpoint: server.endpoint,
      credentials: server.credentials,
    });
    const write = () => storage.write("a", Buffer.from(""));
    for (const act of [() => storage.read("a"), () => storage.stat("a"), () => storage.list("a"), write]) {
      const error = await failure(act());
      expect(error).toBeInstanceOf(BadInputError);
      expect(error.message).toMatch(/s3:\/\/absent\/models\/a\/?: 127\.0\.0\.1:\d+ has no bucket absent: create it/);
    }
  });

  test("the key is wrong", async () => {
    await using opening = await opened();
    const { message } = await failure(buffer(opening.storage.open("iris/nothing.csv")));
    expect(message).toMatch(/^can't read s3:.*\/iris\/nothing\.csv: there is no such object: check the key$/);
  });

  test.each([
    ["secret", { secretAccessKey: "wrong-secret-of-a-user" }],
    ["key id", { accessKeyId: "wrong-key-id" }],
  ])("the server refuses the %s, which stays untold", async (_, wrong) => {
    const credentials = { ...server.credentials, sessionToken: "token-of-a-session", ...wrong };
    const storage = openStorage(`s3://${server.bucket}`, ".", { endpoint: server.endpoint, credentials });
    for (const act of [() => storage.read("a"), () => storage.list(""), () => storage.write("a", Buffer.from(""))]) {
      const error = await failure(act());
      expect(error).toBeInstanceOf(BadInputError);
      expect(error.message).toContain("AWS_ACCESS_KEY_ID");
      const all = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
      for (const secret of [credentials.secretAccessKey, credentials.sessionToken]) expect(all).not.toContain(secret);
    }
  });

  test("no server is there", async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const storage = openStorage("s3://models", ".", { endpoint, credentials: server.credentials, attempts: 2 });
    expect((await failure(storage.read("a"))).message).toMatch(
      /no connection to .* \(ECONNREFUSED\), 2 times in a row/,
    );
  });
});

test("a fault of this machine's disk is not told as one of the server", async () => {
  await using opening = await opened();
  await opening.direct.write("model.bin", Buffer.from("1"));
  await writeFile(join(opening.path, "file"), "");
  const { message } = await failure(opening.storage.download("", join(opening.path, "file")));
  expect(message).toMatch(/^can't read s3:.*\/model\.bin: on this machine: E(NOTDIR|EXIST)/);
});

test("the server refuses bytes that do not have the digest they are sent with", async () => {
  const client = createS3Client(server);
  const wrong = Buffer.alloc(32).toString("base64");
  const put = new PutObjectCommand({ Bucket: server.bucket, Key: "wrong", Body: "bytes", ChecksumSHA256: wrong });
  expect((await failure(client.send(put))).name).toBe("BadDigest");
});

test("an object that other tools stored is read, whatever digest they gave it", async () => {
  await using opening = await opened();
  const client = createS3Client(server);
  const Key = `${opening.storage.uri.split("/").at(-1)}/foreign`;
  await client.send(new PutObjectCommand({ Bucket: server.bucket, Key, Body: "bytes", ChecksumAlgorithm: "CRC32" }));
  expect((await opening.storage.read("foreign"))?.toString()).toBe("bytes");
});

test("a key that a server lists can't write outside the folder it is downloaded to", async () => {
  await using opening = await opened();
  const prefix = opening.storage.uri.split("/").at(-1);
  const body = `<?xml version="1.0"?><ListBucketResult><Name>${server.bucket}</Name><IsTruncated>false</IsTruncated>
    <Contents><Key>${prefix}/../../outside</Key><Size>1</Size></Contents></ListBucketResult>`;
  opening.proxy.fault = times(1, { kind: "answer", status: 200, body }, (request) => request.query.has("list-type"));
  const target = join(opening.path, "a/b");
  await mkdir(target, { recursive: true });
  expect(await failure(opening.storage.download("", target))).toBeInstanceOf(BadInputError);
  expect(await readdir(opening.path, { recursive: true })).toEqual(["a", "a/b"]);
});

test("more objects than one page of a listing are all listed", async () => {
  await using opening = await opened();
  const keys = Array.from({ length: 1_005 }, (_, index) => `many/${`${index}`.padStart(4, "0")}`);
  const client = createS3Client(server);
  const prefix = opening.direct.uri.split("/").at(-1);
  const queue = [...keys];
  const put = async () => {
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      await client.send(new PutObjectCommand({ Bucket: server.bucket, Key: `${prefix}/${key}`, Body: "x" }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, put));
  expect(await opening.storage.list("many")).toEqual(keys);
});
