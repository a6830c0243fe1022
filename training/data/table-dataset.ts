import { BadInputError } from "#config/bad-input.ts";
import type { TableData } from "#config/schema.ts";
import type { DataSummary } from "#training/candidate.ts";
import type { Dataset, Examples } from "./dataset.ts";
import { fingerprint, hashOf } from "./fingerprint.ts";
import { quoted } from "./problems.ts";
import { type Role, roleNames, roleOf } from "./roles.ts";

/** A row of a table, checked. */
export interface Row {
  inputs: readonly number[];
  label: string;
  id: string | undefined; // when the table has a column for it
  group: string | undefined;
  slices: readonly string[];
}

interface Example {
  id: string;
  role: Role;
  row: Row;
  content: string; // hash of the inputs alone: rows that differ only in the label must not part either
}

/**
 * Gives checked rows their roles.
 * @throws BadInputError when a role or a class is left without what it needs.
 */
export function assemble(
  rows: readonly Row[],
  data: TableData,
  about: { file: string; info(message: string): void },
): Dataset {
  const classes = data.classes ?? [...new Set(rows.map((row) => row.label))].sort();
  const examples = withRoles(rows, data);
  checkShares(examples, classes, about.file);
  const contents = new Set(examples.map(({ content }) => content));
  const contentsOfRoles = new Set(examples.map(({ content, role }) => `${role} ${content}`));
  if (contentsOfRoles.size > contents.size) {
    const decider = data.group === undefined ? "data.id" : "data.group";
    about.info(`${about.file}: some rows of equal inputs have different roles, because ${decider} decides roles`);
  }
  const view = <R extends Role>(role: R) => examplesOf(role, examples, { classes, width: data.features.length });
  return {
    classes,
    inputShape: [data.features.length],
    features: data.features,
    train: view("train"),
    validation: view("validation"),
    test: view("test"),
    summary: summarise(examples, classes),
  };
}

function withRoles(rows: readonly Row[], data: TableData): Example[] {
  const copies = new Map<string, number>();
  return rows.map((row) => {
    const content = hashOf(row.inputs);
    const copy = (copies.get(content) ?? 0) + 1;
    copies.set(content, copy);
    const id = row.id ?? (copy === 1 ? content.slice(0, 16) : `${content.slice(0, 16)}-${copy}`);
    return { id, row, content, role: roleOf(row.group ?? row.id ?? content, data.roles) };
  });
}

function checkShares(examples: readonly Example[], classes: readonly string[], file: string): void {
  const total = `${examples.length} ${examples.length === 1 ? "row" : "rows"}`;
  for (const role of roleNames) {
    if (examples.some((example) => example.role === role)) continue;
    throw new BadInputError(
      `${file}: none of the ${total} fell to ${role}: add rows, or raise its share in data.roles`,
    );
  }
  const trained = new Set(examples.filter(({ role }) => role === "train").map(({ row }) => row.label));
  const absent = classes.filter((name) => !trained.has(name));
  if (absent.length > 0) {
    throw new BadInputError(
      `${file}: none of the ${total} is of the class ${absent.map(quoted).join(", ")} and falls to train: add rows, or change data.roles.salt`,
    );
  }
}

interface View {
  classes: readonly string[];
  width: number; // inputs of a row
}

function examplesOf<R extends Role>(role: R, all: readonly Example[], { classes, width }: View): Examples<R> {
  const examples = all.filter((example) => example.role === role);
  const classIndices = new Map(classes.map((name, index) => [name, index]));
  const at = (index: number): Example => {
    const example = examples[index];
    if (!example) throw new RangeError(`${role} has ${examples.length} examples: there is no ${index}`);
    return example;
  };
  const label = (index: number) => classIndices.get(at(index).row.label) ?? -1; // all labels are classes: checked
  return {
    role,
    length: examples.length,
    inputShape: [width],
    id: (index) => at(index).id,
    label,
    slices: (index) => [...at(index).row.slices, `class=${at(index).row.label}`],
    async read(indices) {
      const inputs = new Float32Array(indices.length * width);
      for (const [row, index] of indices.entries()) inputs.set(at(index).row.inputs, row * width);
      return { inputs, labels: Int32Array.from(indices, label) };
    },
  };
}

function summarise(examples: readonly Example[], classes: readonly string[]): DataSummary {
  const contents = examples.map(({ row }) => hashOf([row.inputs, row.label]));
  const copies = Map.groupBy(contents, (content) => content);
  const rowsOf = Map.groupBy(examples, ({ role }) => role);
  const labelsOf = Map.groupBy(examples, ({ row }) => row.label);
  const digest = (some: readonly Example[] = []) =>
    fingerprint(some.map(({ row }) => hashOf([row.id ?? null, row.inputs, row.label])));
  const count = (some: readonly unknown[] = []) => some.length;
  return {
    fingerprint: digest(examples),
    validationFingerprint: digest(rowsOf.get("validation")),
    testFingerprint: digest(rowsOf.get("test")),
    rows: {
      train: count(rowsOf.get("train")),
      validation: count(rowsOf.get("validation")),
      test: count(rowsOf.get("test")),
    },
    classes: Object.fromEntries(classes.map((name) => [name, count(labelsOf.get(name))])),
    duplicates: contents.filter((content) => count(copies.get(content)) > 1).length,
  };
}
