import { createHash } from "node:crypto";
import type { Roles } from "#config/data.ts";

/** What an example may be used for: to fit weights, to choose among fits, or to judge the choice. */
export const roleNames = ["train", "validation", "test"] as const;
export type Role = (typeof roleNames)[number];

/**
 * The role of everything that shares `key`, drawn from a hash of salt and key: rows of one key never part, and rows that
 * are added later move none of the old ones.
 */
export function roleOf(key: string, roles: Roles): Role {
  const hash = createHash("sha256").update(roles.salt).update("\0").update(key).digest();
  const draw = hash.readUIntBE(0, 6) / 2 ** 48; // uniform in [0, 1)
  if (draw < roles.test) return "test";
  return draw < roles.test + roles.validation ? "validation" : "train";
}
