import { closestMatch } from "leven";
import { z } from "zod";
import type { Path } from "./layers.ts";
import { Config } from "./schema.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The key that was probably meant by the unknown one at the end of `path`: a near sibling, or a namesake elsewhere as a dotted path. */
export function similarKey(path: Path): string | undefined {
  const key = String(path.at(-1));
  const root = z.toJSONSchema(Config, { io: "input" });
  const parents = path
    .slice(0, -1)
    .reduce((schemas: JsonSchema[], name) => schemas.flatMap((schema) => child(schema, name)), [root]);
  const siblings = parents.flatMap((schema) => Object.keys(properties(schema)));
  const near = closestMatch(key, siblings, { maxDistance: Math.max(1, Math.floor(key.length / 3)) });
  return near ?? dottedPaths(root).find((known) => known.endsWith(`.${key}`));
}

function variants(schema: JsonSchema): JsonSchema[] {
  return [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
}

function properties(schema: JsonSchema): Record<string, JsonSchema> {
  return Object.assign({}, ...variants(schema).map((variant) => variant.properties ?? {}));
}

function child(schema: JsonSchema, name: PropertyKey): JsonSchema[] {
  return variants(schema).flatMap(({ properties, additionalProperties, items }) => {
    const found = properties?.[String(name)] ?? additionalProperties ?? items;
    return typeof found === "object" && !Array.isArray(found) ? [found] : [];
  });
}

function dottedPaths(schema: JsonSchema): string[] {
  return Object.entries(properties(schema)).flatMap(([key, inner]) => [
    key,
    ...dottedPaths(inner).map((path) => `${key}.${path}`),
  ]);
}
