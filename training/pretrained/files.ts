import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BadInputError } from "#config/bad-input.ts";
import type { Config } from "#config/schema.ts";
import type { DataFile } from "#training/data/manifest.ts";
import { openStorage } from "#training/storage/open.ts";
import { hubEnvironment } from "./env.ts";
import { fetchFromHub, parseHubUri } from "./hub.ts";

/** The files of a checkpoint that are used; the last two of `tokenizerFiles` where the first is missing. */
export const weightsFile = "model.safetensors";
export const checkpointFiles = [
  ...["config.json", weightsFile, "tokenizer.json", "tokenizer_config.json", "vocab.txt"],
  "README.md", // says the licence
] as const;
export type CheckpointFile = (typeof checkpointFiles)[number];

/** A checkpoint's files in memory, and what is recorded of where they came from. */
export interface CheckpointFiles {
  uri: string;
  license: string | undefined;
  files: ReadonlyMap<CheckpointFile, Buffer>;
}

export interface CheckpointOptions {
  root: string; // a relative folder starts here
  info: (message: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Brings the checkpoint at `uri`: a folder, `s3://BUCKET/PREFIX`, or `hf://NAME@COMMIT` of the Hugging Face hub, which is
 * downloaded once.
 * @throws BadInputError when it can't be had, or lacks weights, config or tokenizer.
 */
export async function openCheckpoint(uri: string, options: CheckpointOptions): Promise<CheckpointFiles> {
  const read = await readerOf(uri, options);
  const files = new Map<CheckpointFile, Buffer>();
  for (const name of checkpointFiles) {
    const bytes = await read(name);
    if (bytes) files.set(name, bytes);
  }
  const missing = ["config.json", weightsFile].filter((name) => !files.has(name as CheckpointFile));
  if (!files.has("tokenizer.json") && !files.has("vocab.txt")) missing.push("tokenizer.json (or vocab.txt)");
  if (missing.length > 0) throw new BadInputError(`the checkpoint ${uri} lacks ${missing.join(", ")}`);
  return { uri, license: licenseIn(files.get("README.md")?.toString("utf8") ?? ""), files };
}

/**
 * Name, size and checksum of the files that decide what is trained: a part of a training's content. None of the hub's: the
 * commit, which no file can change in, stands in the configuration.
 */
export function checkpointManifest({ uri, files }: CheckpointFiles): DataFile[] {
  if (uri.startsWith("hf://")) return [];
  return [...files]
    .filter(([name]) => name !== "README.md")
    .map(([name, bytes]) => {
      return {
        key: `pretrained/${name}`,
        size: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      };
    });
}

/** The same of the checkpoint that a configuration names, without downloading any. */
export async function checkpointContent({ architecture, training }: Config, root: string): Promise<DataFile[]> {
  const { checkpoint } = training.transformer;
  if (architecture !== "transformer" || checkpoint === undefined || checkpoint.startsWith("hf://")) return [];
  return checkpointManifest(await openCheckpoint(checkpoint, { root, info: () => undefined }));
}

type Read = (name: string) => Promise<Buffer | undefined>;

async function readerOf(uri: string, options: CheckpointOptions): Promise<Read> {
  const hub = parseHubUri(uri);
  if (hub) return readIn(await fetchFromHub(hub, checkpointFiles, { ...hubEnvironment(), ...options }));
  return uri.includes("://") ? readStored(uri) : readIn(resolve(options.root, uri));
}

function readIn(folder: string): Read {
  return (name) =>
    readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    });
}

function readStored(uri: string): Read {
  const storage = openStorage(uri);
  return (name) => storage.read(name);
}

/** The model card's front matter has it: https://huggingface.co/docs/hub/model-cards#model-card-metadata */
function licenseIn(card: string): string | undefined {
  const [, front] = /^---\r?\n(.*?)\r?\n---/s.exec(card) ?? [];
  return /^license:\s*["']?([\w.-]+)/m.exec(front ?? "")?.[1];
}
