import type { z } from "zod";
import { similarKey } from "./known-keys.ts";
import { type Path, type Tree, valueAt } from "./layers.ts";

/** One thing that is wrong: the dotted path of the key (empty for a whole source), what is wrong, and the file and line, variable or flag that set it. */
export interface Problem {
  path: string;
  message: string;
  where: string;
}

/** A schema's complaint about a path of the merged configuration. `kind` tells what nobody set from what somebody set wrongly. */
export interface Complaint {
  kind: "missing" | "wrong";
  path: Path;
  message: string;
}

/** What the schema's issue says of each path it concerns. Text values are named only where one of a few was expected, since others may be secret. */
export function complaints(issue: z.core.$ZodIssue, values: Tree): Complaint[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...issue.path, key]));
  }
  const value = valueAt(values, issue.path);
  if (value === undefined) return [{ kind: "missing", path: issue.path, message: `is missing (${expected(issue)})` }];
  const choice = issue.code === "invalid_value" || issue.code === "invalid_union";
  const shown = (typeof value === "number" && issue.code !== "invalid_type") || (typeof value === "string" && choice);
  const got = shown ? `, got ${JSON.stringify(value)}` : "";
  return [{ kind: "wrong", path: issue.path, message: `${issue.message}${got}` }];
}

/** Problems as the lines of one message. */
export function problemList(problems: readonly Problem[]): string {
  return problems
    .map(({ path, message, where }) => `  ${path ? `${path}: ` : ""}${message}${where ? ` (${where})` : ""}`)
    .join("\n");
}

function unknownKey(path: Path): Complaint {
  const similar = similarKey(path);
  return { kind: "wrong", path, message: `unknown key${similar ? `; did you mean ${similar}?` : ""}` };
}

function expected(issue: z.core.$ZodIssue): string {
  if ("options" in issue && Array.isArray(issue.options)) return `one of ${issue.options.join(", ")}`;
  return issue.code === "invalid_type" ? issue.expected : issue.message;
}
