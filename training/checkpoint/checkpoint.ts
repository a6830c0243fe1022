import { z } from "zod";
import { EpochPoint } from "#training/candidate.ts";
import type { StateEntry } from "#training/graph/program.ts";
import { Position, type Snapshot } from "#training/train/snapshot.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

const Header = z.strictObject({
  format: z.literal(1),
  position: Position,
  curves: z.array(EpochPoint),
  spent: z.strictObject({
    startedAt: z.iso.datetime(), // of the first program that worked on this training
    seconds: z.number().nonnegative(), // of all programs together, as is cpuSeconds
    cpuSeconds: z.number().nonnegative(),
  }),
});

/** A training between two batches: where it stands, its learning curves, and what it has cost. */
export interface Checkpoint extends Omit<z.infer<typeof Header>, "format" | "position"> {
  snapshot: Snapshot;
}

/** What a training has cost so far. */
export type Spent = Checkpoint["spent"];

const metadataKey = "checkpoint";

/** One safetensors file: the tensors are called SLOT/INDEX, all else is JSON in its metadata. No code, no pickle. */
export function encodeCheckpoint({ snapshot, curves, spent }: Checkpoint): Buffer {
  const header: z.infer<typeof Header> = { format: 1, position: snapshot.position, curves, spent };
  const tensors = snapshot.state.map(({ slot, index, ...tensor }) => ({ name: `${slot}/${index}`, ...tensor }));
  return encodeSafetensors({ tensors, metadata: { [metadataKey]: JSON.stringify(header) } });
}

/** Reads what `encodeCheckpoint` wrote. Throws for anything else. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const { position, curves, spent } = Header.parse(JSON.parse(metadata[metadataKey] ?? "null"));
  const state = tensors.map(({ name, ...tensor }): StateEntry => {
    const [slot = "", index] = name.split("/");
    return { slot, index: Number(index), ...tensor };
  });
  return { snapshot: { position, state }, curves, spent };
}
