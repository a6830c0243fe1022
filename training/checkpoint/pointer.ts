import { createHash } from "node:crypto";
import { z } from "zod";
import { Digest } from "#training/candidate.ts";

/** A file beside the pointer, and its bytes' digest. Its name holds its number in this training, and who wrote it. */
export const Part = z.strictObject({
  file: z.string().regex(/^\d{6,}-[0-9a-f]{8}\.(safetensors|jsonl)$/),
  digest: Digest,
});
export type Part = z.infer<typeof Part>;

/** The one object that says which files count, the newest first. Only its `writer` may replace it. */
export const Pointer = z.strictObject({
  writer: z.uuid(), // of the program that trains
  states: z.array(Part),
  journals: z.array(Part), // each holds what the ones before it hold, and more
});
export type Pointer = z.infer<typeof Pointer>;

/** The pointer in the bytes of its file; `undefined` for bytes that are none. */
export function parsePointer(bytes: Uint8Array): Pointer | undefined {
  try {
    return Pointer.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

export function pointerBytes(pointer: Pointer): Buffer {
  return Buffer.from(`${JSON.stringify(pointer, null, 2)}\n`);
}

/** The number in the name of a file, not a number for other files. */
export function numberOf(file: string): number {
  return Number.parseInt(file, 10);
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
