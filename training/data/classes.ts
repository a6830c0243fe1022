import { type Problems, quoted } from "./problems.ts";

/**
 * Holds the classes that were found to the ones that the configuration lists, if it does.
 * @throws BadInputError for a single class, and for a listed one without a row.
 */
export function checkClasses(
  found: ReadonlySet<string>,
  listed: readonly string[] | undefined,
  problems: Problems,
): void {
  if (found.size === 1)
    problems.add(`every row is of the class ${quoted([...found].join())}: nothing can be told apart`);
  const absent = (listed ?? []).filter((name) => !found.has(name));
  if (found.size > 1 && absent.length > 0) problems.add(`no row is of the class ${absent.map(quoted).join(", ")}`);
  problems.raiseIfAny();
}
