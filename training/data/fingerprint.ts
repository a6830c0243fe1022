import { createHash } from "node:crypto";
import type { Digest } from "#training/candidate.ts";

/** SHA-256 of a value's JSON, in hexadecimal digits. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/** One digest of many hashes that does not depend on their order; copies count. */
export function fingerprint(hashes: readonly string[]): Digest {
  return `sha256:${hashOf(hashes.toSorted())}`;
}
