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

/** The same of more hashes than fit in memory: they are added up as numbers (Bellare and Micciancio 1997, AdHash). */
export function createFingerprint() {
  const sum = new BigUint64Array(4);
  let count = 0;
  return {
    add(value: string): void {
      const digest = createHash("sha256").update(value).digest();
      let carry = 0n;
      for (let limb = 3; limb >= 0; limb--) {
        const total = (sum[limb] ?? 0n) + digest.readBigUInt64BE(8 * limb) + carry;
        sum[limb] = total; // its lowest 64 bits
        carry = total >> 64n;
      }
      count += 1;
    },
    digest: (): Digest => `sha256:${hashOf([count, [...sum].map(String)])}`,
  };
}
