import type { Run } from "./act.ts";

/** How runs ended, as `workflow: conclusion`. */
export function conclusions(runs: readonly Run[]): string[] {
  return runs.map(({ workflow, conclusion }) => `${workflow}: ${conclusion}`);
}

/** The jobs of runs that were not skipped, as `path: result`, in the order of their names. */
export function jobs(runs: readonly Run[]): string[] {
  return runs.flatMap((run) => run.jobs.map(({ name, result }) => `${name}: ${result}`)).sort();
}

/** The logs of runs, for the message of a failed expectation. */
export function logs(runs: readonly Run[]): string {
  return runs.map((run) => `--- ${run.workflow} ${run.id}: ${run.conclusion}\n${run.log}`).join("\n");
}

/**
 * The keys of a YAML text whose scalars differ in another text of it. Throws unless every other byte is the same: the number of
 * lines, and in the lines that differ all before the value and all after it.
 */
export function changedScalars(before: string, after: string): string[] {
  const [old, young] = [before.split("\n"), after.split("\n")];
  if (old.length !== young.length) throw new Error(`${old.length} lines became ${young.length}`);
  return old.flatMap((line, index) => {
    const other = young[index] ?? "";
    if (line === other) return [];
    const [, start, key = "", comment] = scalar.exec(line) ?? [];
    const [, otherStart, , otherComment] = scalar.exec(other) ?? [];
    if (!key || start !== otherStart || comment !== otherComment)
      throw new Error(`more than a value: ${line} -> ${other}`);
    return [key];
  });
}

const scalar = /^(\s*(?:- )?([\w./-]+): )(?:"[^"]*"|[^#"\s]+)(\s*(?:#.*)?)$/;
