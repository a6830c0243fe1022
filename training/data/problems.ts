import { BadInputError } from "#config/bad-input.ts";

const limit = 20;

/** Gathers what is wrong with one file, so that a person mends it once and not line by line. */
export function createProblems(file: string) {
  const found: string[] = [];

  const raise = (): never => {
    const [only] = found;
    if (found.length === 1) throw new BadInputError(`${file}: ${only}`);
    const count = found.length === limit ? `${limit} problems, and maybe more` : `${found.length} problems`;
    throw new BadInputError(`${file} has ${count}:\n${found.map((reason) => `  ${reason}`).join("\n")}`);
  };

  return {
    /** @throws BadInputError with everything so far once there are twenty. */
    add(reason: string, line?: number): void {
      found.push(line === undefined ? reason : `line ${line}: ${reason}`);
      if (found.length === limit) raise();
    },
    /** @throws BadInputError with everything, if there is anything. */
    raiseIfAny(): void {
      if (found.length > 0) raise();
    },
  };
}
export type Problems = ReturnType<typeof createProblems>;

/** `text` in quotes, control characters escaped, cut where it gets long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
