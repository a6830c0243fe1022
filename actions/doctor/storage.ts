import { randomUUID } from "node:crypto";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import { openStorage } from "#training/storage/open.ts";
import type { S3Options } from "#training/storage/s3-client.ts";
import type { Storage } from "#training/storage/storage.ts";
import { type Finding, findingsAbout } from "./finding.ts";

/** Whether each `s3://` of the configuration can be read, and that of the models also be written. */
export async function checkStorage(configs: readonly Config[], server: S3Options): Promise<Finding[]> {
  const s3 = { ...server, attempts: 2, connectTimeoutMs: 5_000, idleTimeoutMs: 15_000 };
  const models = distinct(configs.map((config) => config.models.uri));
  const data = distinct(configs.map((config) => config.data.root)).filter((uri) => !models.includes(uri));
  const check = async (uri: string, use: "models" | "data") => {
    const about = findingsAbout(`${use} in ${uri}`);
    try {
      const storage = openStorage(uri, undefined, s3);
      await (use === "models" ? readAndWrite(storage) : storage.stat("slipway-doctor"));
      return about.ok(use === "models" ? "can be read and written" : "can be read");
    } catch (error) {
      const { what, remedy } = parts(error);
      return about.problem(what, remedy);
    }
  };
  return await Promise.all([...models.map((uri) => check(uri, "models")), ...data.map((uri) => check(uri, "data"))]);
}

async function readAndWrite(storage: Storage): Promise<void> {
  const key = `slipway-doctor-${randomUUID()}`;
  const written = Buffer.from("written by Slipway's doctor, and deleted at once");
  await storage.write(key, written);
  try {
    const read = await storage.read(key);
    if (!read?.equals(written))
      throw new Error("what was written is not what was read: use a server that is consistent");
  } finally {
    await storage.delete(key);
  }
}

function distinct(uris: readonly string[]): string[] {
  return [...new Set(uris.filter((uri) => uri.startsWith("s3://")))];
}

// the storage's errors end in what to do, after their last colon
function parts(error: unknown): { what: string; remedy: string } {
  if (!(error instanceof BadInputError || error instanceof Error)) throw error;
  const end = error.message.lastIndexOf(": ");
  if (end < 0) return { what: error.message, remedy: "look at the server's log" };
  return { what: error.message.slice(0, end), remedy: error.message.slice(end + 2) };
}
