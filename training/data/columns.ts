import type { Slice } from "#config/data.ts";
import { type Problems, quoted } from "./problems.ts";

/** Where in a row of text each thing stands that the configuration names. */
export interface Columns {
  header: readonly string[];
  features: readonly number[]; // in the order of the configuration
  label: number;
  id: number | undefined;
  group: number | undefined;
  split: number | undefined;
  slices: readonly { name: string; column: number; slice: Slice }[];
  unused: readonly string[];
}

/** The columns that the configuration names. */
export interface Wanted {
  features: readonly string[];
  label: string;
  id?: string | undefined;
  group?: string | undefined;
  split?: string | undefined;
  slices: Readonly<Record<string, Slice>>;
}

/** Finds the configured columns in a table's header; what can't be found, or is there twice, is a problem. */
export function findColumns(header: readonly string[], wanted: Wanted, problems: Problems): Columns | undefined {
  const { features, label, id, group, split } = wanted;
  const slices = Object.entries(wanted.slices);
  const sliced = slices.map(([, slice]) => slice.column);
  const names = new Set([...features, label, id, group, split, ...sliced].filter((name) => name !== undefined));

  const missing = [...names].filter((name) => !header.includes(name));
  const unused = header.filter((name) => !names.has(name));
  const twice = [...new Set(header.filter((name, index) => header.indexOf(name) !== index))];
  if (missing.length > 0) {
    const unknown = unused.length > 0 ? `, but has ${list(unused)}, which the configuration does not name` : "";
    problems.add(`the header lacks ${list(missing)}${unknown}`, 1);
  }
  if (twice.length > 0) problems.add(`the header names ${list(twice)} more than once`, 1);
  for (const name of new Set(features)) {
    if (name === label) problems.add(`the configuration takes ${quoted(name)} as feature and as label`);
    if (features.indexOf(name) !== features.lastIndexOf(name))
      problems.add(`the configuration names the feature ${quoted(name)} twice`);
  }
  for (const [name] of slices) {
    if (name.startsWith("class="))
      problems.add(`the slice ${quoted(name)} has a name that belongs to a class: rename it`);
  }
  if (missing.length > 0) return undefined;
  const place = (name: string | undefined) => (name === undefined ? undefined : header.indexOf(name));
  return {
    header,
    features: features.map((name) => header.indexOf(name)),
    label: header.indexOf(label),
    id: place(id),
    group: place(group),
    split: place(split),
    slices: slices.map(([name, slice]) => ({ name, column: header.indexOf(slice.column), slice })),
    unused,
  };
}

function list(names: readonly string[]): string {
  return names.slice(0, 10).map(quoted).join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
}
