import { createHash } from "node:crypto";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { freePort } from "#test/parts/mlflow.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";

const partBytes = 16 * 1024 * 1024;
const sizeBytes = 4 * partBytes + 12_345;

/**
 * Plays an MLflow before an S3 store, which lies elsewhere where `storeUri` is told: `spoil` says which tries of a part the store
 * refuses. Keeps what came.
 */
async function store(spoil: (part: number, tries: number) => boolean, storeUri?: string) {
  const calls: string[] = [];
  let streamed = Buffer.alloc(0);
  const parts = new Map<number, Buffer>();
  const tries = new Map<number, number>();
  let completed: unknown;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const url = new URL(request.url ?? "/", "http://x");
    if (url.pathname.startsWith("/store/")) {
      const part = Number(url.searchParams.get("part"));
      tries.set(part, (tries.get(part) ?? 0) + 1);
      if (spoil(part, tries.get(part) ?? 0)) return void response.writeHead(500).end();
      parts.set(part, body);
      return void response.writeHead(200, { etag: `"${part}"` }).end();
    }
    calls.push(`${request.method} ${url.pathname}`);
    if (request.method === "PUT") {
      streamed = body;
      return void response.end();
    }
    const json = body.length > 0 ? JSON.parse(body.toString()) : {};
    if (url.pathname.includes("/complete/")) completed = json;
    const credentials = Array.from({ length: json.num_parts ?? 0 }, (_, index) => ({
      url: `${storeUri ?? uri}/store/big.bin?part=${index + 1}&signature=secret`,
      part_number: index + 1,
    }));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(url.pathname.includes("/create/") ? { upload_id: "u", credentials } : {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const uri = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
  return {
    uri,
    calls,
    tries,
    get completed() {
      return completed;
    },
    get streamed() {
      return streamed;
    },
    digest: () =>
      createHash("sha256")
        .update(Buffer.concat([1, 2, 3, 4, 5].map((part) => parts.get(part) ?? Buffer.alloc(0))))
        .digest("hex"),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A big file whose parts differ, and its digest. */
async function bigFile(folder: string): Promise<{ file: string; digest: string }> {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 4_096) bytes.writeUInt32LE(at, at);
  const file = join(folder, "big.bin");
  await using handle = await open(file, "w");
  await handle.writeFile(bytes);
  return { file, digest: createHash("sha256").update(bytes).digest("hex") };
}

describe("a big file, where MLflow's store takes parts", () => {
  it("arrives whole, and only the part that failed is sent again", async () => {
    await using folder = await temporaryFolder();
    await using mlflow = await store((part, tries) => part === 3 && tries === 1);
    const { file, digest } = await bigFile(folder.path);
    const client = createMlflowClient({ trackingUri: mlflow.uri });
    await client.uploadArtifact("mlflow-artifacts:/1/run/artifacts", "models/big.bin", { file });
    expect(mlflow.digest()).toBe(digest);
    expect([...mlflow.tries].sort(([a], [b]) => a - b)).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 1],
      [5, 1],
    ]);
    expect(mlflow.calls).toEqual([
      "POST /api/2.0/mlflow-artifacts/mpu/create/1/run/artifacts/models",
      "POST /api/2.0/mlflow-artifacts/mpu/complete/1/run/artifacts/models",
    ]);
    const parts = [1, 2, 3, 4, 5].map((part) => expect.objectContaining({ part_number: part, etag: `"${part}"` }));
    expect(mlflow.completed).toEqual({ path: "big.bin", upload_id: "u", parts });
    await client.close();
  });

  it("is aborted when a part fails again and again, without telling the signature", async () => {
    await using folder = await temporaryFolder();
    await using mlflow = await store((part) => part === 2);
    const { file } = await bigFile(folder.path);
    const client = createMlflowClient({ trackingUri: mlflow.uri });
    const upload = client.uploadArtifact("mlflow-artifacts:/1/run/artifacts", "big.bin", { file });
    await expect(upload).rejects.toThrow(/^part 2 of http:\/\/127\.0\.0\.1:\d+\/store\/big\.bin failed 4 times$/);
    expect(mlflow.calls.at(-1)).toBe("POST /api/2.0/mlflow-artifacts/mpu/abort/1/run/artifacts");
    await client.close();
  });

  it("goes through MLflow as one stream where its store can't be reached from here", async () => {
    await using folder = await temporaryFolder();
    await using mlflow = await store(() => false, `http://127.0.0.1:${await freePort()}`);
    const { file, digest } = await bigFile(folder.path);
    const client = createMlflowClient({ trackingUri: mlflow.uri });
    await client.uploadArtifact("mlflow-artifacts:/1/run/artifacts", "big.bin", { file });
    expect(createHash("sha256").update(mlflow.streamed).digest("hex")).toBe(digest);
    expect(mlflow.calls).toEqual([
      "POST /api/2.0/mlflow-artifacts/mpu/create/1/run/artifacts",
      "POST /api/2.0/mlflow-artifacts/mpu/abort/1/run/artifacts",
      "PUT /api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/big.bin",
    ]);
    await client.close();
  });
});
