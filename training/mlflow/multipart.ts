import { open } from "node:fs/promises";
import { basename, dirname } from "node:path/posix";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { z } from "zod";
import { MlflowError } from "./errors.ts";
import type { Http } from "./http.ts";
import { foundNothing } from "./probe.ts";
import { Anything } from "./wire.ts";

const service = "/api/2.0/mlflow-artifacts/mpu";
const partBytes = 16 * 1024 * 1024;
const partsAtOnce = 4;
const triesPerPart = 4;

const Upload = z.looseObject({
  upload_id: z.string().optional(),
  credentials: z.array(
    z.looseObject({ url: z.url(), part_number: z.int(), headers: z.record(z.string(), z.string()).default({}) }),
  ),
});
type Credential = z.infer<typeof Upload>["credentials"][number];

/**
 * Uploads a file straight to MLflow's store, in parts that are repeated one by one. `target` is the encoded path behind
 * the proxy. False where the store has no multipart upload, or can be reached by MLflow alone; an upload that fails is aborted
 * and throws.
 */
export async function uploadInParts(http: Http, target: string, file: string): Promise<boolean> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const folder = dirname(target);
  const path = decodeURIComponent(basename(target));
  const call = (step: string, idempotent: boolean, json: object) =>
    ({ verb: "POST", path: `${service}/${step}/${folder}`, json: { path, ...json }, idempotent }) as const;

  let upload: z.infer<typeof Upload>;
  try {
    upload = await http.json(call("create", false, { num_parts: Math.ceil(size / partBytes) }), Upload);
  } catch (error) {
    if (error instanceof MlflowError && [404, 405, 501].includes(error.status)) return false;
    throw error;
  }
  const upload_id = upload.upload_id;
  try {
    const queue = upload.credentials.values();
    const parts: { part_number: number; etag: string; url: string }[] = [];
    const worker = async () => {
      for (const credential of queue) {
        const start = (credential.part_number - 1) * partBytes;
        const bytes = Buffer.allocUnsafe(Math.min(partBytes, size - start));
        await handle.read(bytes, 0, bytes.length, start);
        parts.push({
          part_number: credential.part_number,
          etag: await putPart(credential, bytes),
          url: credential.url,
        });
      }
    };
    await Promise.all(Array.from({ length: partsAtOnce }, worker));
    parts.sort((a, b) => a.part_number - b.part_number);
    await http.json(call("complete", false, { upload_id, parts }), Anything);
  } catch (error) {
    await http.json(call("abort", true, { upload_id }), Anything).catch(() => undefined); // the first error is the one to tell
    if (error instanceof StoreUnreachableError) return false;
    throw error;
  }
  return true;
}

/** Nothing answers where the store is said to be, as its name or its network is the cluster's own. */
class StoreUnreachableError extends Error {
  override name = "StoreUnreachableError";
}

async function putPart(credential: Credential, bytes: Buffer): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await request(credential.url, { method: "PUT", headers: credential.headers, body: bytes });
      await answer.body.dump();
      if (answer.statusCode < 300) return answer.headers["etag"]?.toString() ?? "";
      throw new Error(`the store answered ${answer.statusCode}`);
    } catch (cause) {
      if (foundNothing(cause)) throw new StoreUnreachableError("no connection to MLflow's store", { cause });
      const { origin, pathname } = new URL(credential.url); // its query is a signature: a secret
      if (tries === triesPerPart)
        throw new Error(`part ${credential.part_number} of ${origin}${pathname} failed ${tries} times`, { cause });
      await sleep(Math.random() * 200 * 2 ** tries);
    }
  }
}
