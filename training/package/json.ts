import { z } from "zod";

// Copied from key to key, these would reach an object's prototype instead of the object.
const poisonous = new Set(["__proto__", "constructor", "prototype"]);

/** Parses untrusted JSON by a schema. Throws, in words for a person, on what is not JSON, not of the schema, or names a prototype. */
export function parseJson<T>(text: string, schema: z.ZodType<T>): T {
  const value = JSON.parse(text, (key, inner) => {
    if (poisonous.has(key)) throw new Error(`the key ${key} is not allowed`);
    return inner;
  });
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return parsed.data;
}

/** JSON as the package holds it: indented, so that people and diffs can read it, ending in a newline. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
