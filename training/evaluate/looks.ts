import type { Digest } from "#training/candidate.ts";
import type { Storage } from "#training/storage/storage.ts";

/** One evaluation on the test examples: of which model, on which examples, when. */
export interface Look {
  readonly model: string;
  readonly examplesFingerprint: Digest;
  readonly modelDigest: Digest;
  readonly at: Date;
}

/**
 * Notes that the test examples were looked at, and returns how often they have been, this time included. The more often a
 * test set chooses among models, the less its figures say of new data; a repeated look at one model counts too.
 */
export async function recordLook(storage: Storage, look: Look): Promise<number> {
  const { model, examplesFingerprint, modelDigest, at } = look;
  const prefix = `${model}/looks/${hex(examplesFingerprint)}`;
  const note = Buffer.from(`${JSON.stringify({ examplesFingerprint, modelDigest, at: at.toISOString() })}\n`);
  let timeMs = at.getTime();
  while (!(await storage.writeNew(`${prefix}/${keyTime(timeMs)}-${hex(modelDigest)}`, note))) timeMs++; // two looks in one millisecond are two
  return (await storage.list(prefix)).length;
}

function keyTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:.]/g, "");
}

function hex(digest: Digest): string {
  return digest.slice("sha256:".length);
}
