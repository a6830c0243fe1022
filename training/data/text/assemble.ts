import { BadInputError } from "#config/bad-input.ts";
import type { TextData } from "#config/text.ts";
import type { DataSummary } from "#training/candidate.ts";
import type { TextDataset, TextExamples } from "#training/data/dataset.ts";
import { createFingerprint } from "#training/data/fingerprint.ts";
import { quoted } from "#training/data/problems.ts";
import { type Role, roleNames } from "#training/data/roles.ts";
import { repeated, total } from "./copies.ts";
import { describe } from "./report.ts";
import { assignRoles, type Places } from "./roles.ts";
import type { TextStore } from "./store.ts";

/**
 * Gives rows their roles.
 * @throws BadInputError when an id names two rows, or a role or a class is left without what it needs.
 */
export function assemble(
  store: TextStore,
  data: TextData,
  { name, info }: { name: string; info(message: string): void },
): TextDataset {
  checkIds(store, name);
  const places = assignRoles(store, data.roles);
  checkShares(store, places, name);
  const marked = new BigUint64Array(store.length).map((_, row) => withLabel(store, row));
  const copies = repeated(marked);
  for (const line of describe(store, places, copies)) info(`${name}: ${line}`);
  const ids = createIds(store);
  const sliceNames = Object.keys(data.slices);
  const view = <R extends Role>(role: R): TextExamples<R> => examplesOf(role, places, { store, ids, sliceNames });
  return {
    classes: store.classes,
    train: view("train"),
    validation: view("validation"),
    test: view("test"),
    summary: {
      ...fingerprints(store, places),
      rows: { train: places.train.length, validation: places.validation.length, test: places.test.length },
      classes: Object.fromEntries(store.classes.map((each, label) => [each, count(store.labels, label)])),
      duplicates: total(copies),
    },
  };
}

/** A text together with its label, as one number. */
function withLabel({ contents, labels }: TextStore, row: number): bigint {
  return (contents[row] ?? 0n) + BigInt(labels[row] ?? 0) * 0x9e3779b97f4a7c15n; // wraps around, as the array does
}

function checkIds(store: TextStore, name: string): void {
  const [twice] = repeated(store.ids).keys();
  if (twice === undefined) return;
  const first = store.ids.indexOf(twice);
  const second = store.ids.indexOf(twice, first + 1);
  const [earlier, later] = [store.lines[first], store.lines[second]];
  throw new BadInputError(
    `${name}: line ${later}: the id ${quoted(store.id(second) ?? "")} is already the one of line ${earlier}`,
  );
}

function checkShares({ classes, labels, length }: TextStore, places: Places, name: string): void {
  const rows = `${length} ${length === 1 ? "row" : "rows"}`;
  for (const role of roleNames) {
    if (places[role].length > 0) continue;
    throw new BadInputError(`${name}: none of the ${rows} fell to ${role}: add rows, or change data.roles`);
  }
  const trained = new Set(places.train.values().map((row) => labels[row]));
  const absent = classes.filter((_, label) => !trained.has(label));
  if (absent.length === 0) return;
  throw new BadInputError(
    `${name}: none of the ${rows} is of the class ${absent.map(quoted).join(", ")} and falls to train: add rows, or change data.roles.salt`,
  );
}

/** Names of rows: their own id, or their text's hash, numbered from the second copy on. */
function createIds(store: TextStore): (row: number) => string {
  const numbers = new Map<number, number>(); // of the rows that are copies of an earlier one
  const met = new Map<bigint, number>();
  const copies = repeated(store.contents);
  for (let row = 0; row < store.length; row++) {
    const content = store.contents[row] ?? 0n;
    if (!copies.has(content)) continue;
    const number = (met.get(content) ?? 0) + 1;
    met.set(content, number);
    if (number > 1) numbers.set(row, number);
  }
  return (row) => {
    const id = store.id(row);
    if (id !== undefined) return id;
    const hash = (store.contents[row] ?? 0n).toString(16).padStart(16, "0");
    const number = numbers.get(row);
    return number === undefined ? hash : `${hash}-${number}`;
  };
}

interface View {
  store: TextStore;
  ids: (row: number) => string;
  sliceNames: readonly string[];
}

function examplesOf<R extends Role>(role: R, places: Places, { store, ids, sliceNames }: View): TextExamples<R> {
  const own = places[role];
  const at = (index: number): number => {
    const row = own[index];
    if (row === undefined) throw new RangeError(`${role} has ${own.length} examples: there is no ${index}`);
    return row;
  };
  const label = (index: number) => store.labels[at(index)] ?? -1;
  return {
    role,
    length: own.length,
    id: (index) => ids(at(index)),
    label,
    slices(index) {
      const bits = store.slices[at(index)] ?? 0;
      return [...sliceNames.filter((_, bit) => bits & (1 << bit)), `class=${store.classes[label(index)]}`];
    },
    texts: (indices) => indices.map((index) => store.text(at(index))),
    bytes: (index) => store.sizes[at(index)] ?? 0,
  };
}

function fingerprints(
  store: TextStore,
  places: Places,
): Pick<DataSummary, "fingerprint" | "validationFingerprint" | "testFingerprint"> {
  const of = (rows: Iterable<number>) => {
    const fingerprint = createFingerprint();
    for (const row of rows)
      fingerprint.add([store.contents[row], store.classes[store.labels[row] ?? 0], store.ids[row]].join("\0"));
    return fingerprint.digest();
  };
  return {
    fingerprint: of(store.contents.keys()),
    validationFingerprint: of(places.validation),
    testFingerprint: of(places.test),
  };
}

function count(values: Uint16Array, wanted: number): number {
  return values.reduce((sum, value) => sum + Number(value === wanted), 0);
}
