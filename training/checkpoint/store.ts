import { randomUUID } from "node:crypto";
import type { Storage } from "#training/storage/storage.ts";
import { digestOf, numberOf, type Part, type Pointer, parsePointer, pointerBytes } from "./pointer.ts";
import { TakenOverError } from "./taken-over-error.ts";

export type CheckpointStore = Awaited<ReturnType<typeof openCheckpoints>>;

/** What an earlier program left of a training: bytes that are whole. */
export interface Found {
  state: Buffer | undefined; // absent before the first checkpoint
  journal: Buffer | undefined; // of its run
}

export interface StoreOptions {
  storage: Storage;
  prefix: string; // where the checkpoints of this training lie
  info: (line: string) => void; // told what is damaged
}

const pointerFile = "pointer.json";
const kept = 2;
const claims = 20; // programs that can want one training at the same moment

/**
 * Takes a training over: from now on no other program can write a checkpoint of it. What it `found` was verified by
 * digests; a damaged file is passed over for the one before.
 *
 * A checkpoint's files are written first, under names of their own; then the pointer is swapped to name them. So a write
 * that is cut off anywhere leaves the checkpoints before it, and of two writers the one whose pointer was replaced stops.
 */
export async function openCheckpoints({ storage, prefix, info }: StoreOptions) {
  const writer = randomUUID();
  const key = (file: string) => `${prefix}/${file}`;
  const pointerKey = key(pointerFile);
  let pointer = await claim(storage, pointerKey, writer);
  let number = Math.max(0, ...[...pointer.states, ...pointer.journals].map(({ file }) => numberOf(file)));
  const takenOver = () => new TakenOverError(`${storage.uri}/${pointerKey}`);

  const firstWhole = async (parts: readonly Part[]): Promise<Buffer | undefined> => {
    for (const { file, digest } of parts) {
      const bytes = await storage.read(key(file));
      if (bytes && digestOf(bytes) === digest) return bytes;
      info(`${storage.uri}/${key(file)} is ${bytes ? "damaged" : "missing"}: going back to the one before`);
    }
    return undefined;
  };

  const write = async (extension: string, bytes: Uint8Array): Promise<Part> => {
    const file = `${String(number).padStart(6, "0")}-${writer.slice(0, 8)}.${extension}`;
    await storage.write(key(file), bytes);
    return { file, digest: digestOf(bytes) };
  };

  /** The pointer's bytes while it is this program's. */
  const own = async (): Promise<Buffer> => {
    const bytes = await storage.read(pointerKey);
    if (bytes && parsePointer(bytes)?.writer === writer) return bytes;
    throw takenOver();
  };

  // Whoever takes over after this swap uses higher numbers: nothing of theirs is deleted
  const deleteOld = async (): Promise<void> => {
    const named = new Set([...pointer.states, ...pointer.journals].map(({ file }) => key(file)));
    for (const object of await storage.list(prefix)) {
      const isOld = numberOf(object.slice(key("").length)) <= number && !named.has(object);
      if (isOld) await storage.delete(object);
    }
  };

  return {
    found: { state: await firstWhole(pointer.states), journal: await firstWhole(pointer.journals) } satisfies Found,

    /** Writes what is safe when this returns; the state and the journal before are kept too. Throws `TakenOverError`. */
    async save({ state, journal }: { state?: Uint8Array | undefined; journal: Uint8Array }): Promise<void> {
      number += 1;
      const { states, journals } = pointer;
      const next: Pointer = {
        writer,
        states: state ? [await write("safetensors", state), ...states].slice(0, kept) : states,
        journals: [await write("jsonl", journal), ...journals].slice(0, kept),
      };
      // A swap whose answer was lost has happened all the same, so what is there is looked at before giving up
      const swap = async (from: Uint8Array) => await storage.swap(pointerKey, from, pointerBytes(next));
      if (!((await swap(pointerBytes(pointer))) || (await swap(await own())))) throw takenOver();
      pointer = next;
      await deleteOld();
    },

    /** Throws `TakenOverError` unless this program is the one that trains. */
    confirm: async (): Promise<void> => void (await own()),
  };
}

/** Deletes all checkpoints of a training that is done; a program that is still at it is told so at its next. */
export async function deleteCheckpoints(storage: Storage, prefix: string): Promise<void> {
  for (const key of await storage.list(prefix)) await storage.delete(key);
}

async function claim(storage: Storage, key: string, writer: string): Promise<Pointer> {
  for (let attempt = 0; attempt < claims; attempt++) {
    const before = await storage.read(key);
    const { states, journals } = (before && parsePointer(before)) ?? { states: [], journals: [] };
    const pointer = { writer, states, journals };
    const bytes = pointerBytes(pointer);
    const isMine = before ? await storage.swap(key, before, bytes) : await storage.writeNew(key, bytes);
    if (isMine) return pointer;
  }
  throw new Error(`${storage.uri}/${key} changes all the time: too many programs want to do the same training`);
}
