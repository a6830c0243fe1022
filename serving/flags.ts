import { parseArgs } from "node:util";
import type { z } from "zod";
import { BadInputError } from "#config/bad-input.ts";

/**
 * A program's `--name value` flags, by the keys of the schema; `--help` stands alone.
 * @throws BadInputError with all that is wrong.
 */
export function readFlags<T extends z.ZodObject>(args: readonly string[], schema: T): z.infer<T> {
  const text = { type: "string" } as const;
  const names = Object.keys(schema.shape).filter((name) => name !== "help");
  const options = { ...Object.fromEntries(names.map((name) => [name, text])), help: { type: "boolean" as const } };
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw new BadInputError(`${cause instanceof Error ? cause.message : cause}; --help lists the arguments`, { cause });
  }
  const parsed = schema.safeParse({ ...values });
  if (!parsed.success) throw new BadInputError(parsed.error.issues.map((issue) => told(issue, values)).join("\n"));
  return parsed.data;
}

function told({ code, path: [flag], message, ...issue }: z.core.$ZodIssue, values: Record<string, unknown>): string {
  if (flag === undefined) return message;
  const given = `--${String(flag)} ${values[String(flag)]}`;
  return code === "invalid_type" ? `${given} is no ${"expected" in issue && issue.expected}` : `${given}: ${message}`;
}
