import type { Roles } from "#config/data.ts";
import { type Role, roleNames, roleOf } from "#training/data/roles.ts";
import type { TextStore } from "./store.ts";

/** Which rows each role has, in the order of the files. */
export type Places = Record<Role, Uint32Array>;

/**
 * The roles of all rows. Those that no row's split names are drawn from the rows of train by their text, so that copies share
 * a role. Where a split put copies into several roles, the rows of train that validation or test has too are left out, and
 * the rows of validation that test has.
 */
export function assignRoles(store: TextStore, roles: Roles): Places {
  const { splits, contents, length } = store;
  const share = (role: "validation" | "test") => (splits.includes(roleNames.indexOf(role)) ? 0 : roles[role]);
  const shares = { ...roles, validation: share("validation"), test: share("test") };
  const keyOf = (row: number) => (contents[row] ?? 0n).toString(16).padStart(16, "0");
  const assigned = splits.map((given, row) => given || roleNames.indexOf(roleOf(keyOf(row), shares)));

  const rowsOf = (role: Role, ...others: BigUint64Array[]): Uint32Array => {
    const number = roleNames.indexOf(role);
    const rows = new Uint32Array(length);
    let count = 0;
    for (let row = 0; row < length; row++) {
      if (assigned[row] !== number || others.some((other) => has(other, contents[row] ?? 0n))) continue;
      rows[count++] = row;
    }
    return rows.slice(0, count);
  };
  const test = rowsOf("test");
  const tested = sortedContents(contents, test);
  const validation = rowsOf("validation", tested);
  return { test, validation, train: rowsOf("train", tested, sortedContents(contents, validation)) };
}

function sortedContents(contents: BigUint64Array, rows: Uint32Array): BigUint64Array {
  const values = new BigUint64Array(rows.length);
  for (const [place, row] of rows.entries()) values[place] = contents[row] ?? 0n;
  return values.sort();
}

function has(sorted: BigUint64Array, value: bigint): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0n) < value) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === value;
}
