import { readFile } from "node:fs/promises";
import { join } from "node:path";

const path = join(import.meta.dirname, "../../node_modules/@octokit/openapi/generated/api.github.com.json");

/** A JSON schema of the OpenAPI document, as much of it as the emulator looks at. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

export interface OperationObject {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { $ref?: string; content?: Record<string, { schema: Schema }> }>>;
}

interface Document {
  readonly openapi: string;
  readonly info: { title: string; version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** GitHub's official description of its API, cut down to some operations and what they refer to. */
export async function githubDescription(operations: readonly string[]): Promise<Document> {
  const whole = JSON.parse(await readFile(path, "utf8")) as Document;
  const wanted = new Set(operations);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [template, item] of Object.entries(whole.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const id = (operation as { operationId?: string }).operationId;
      if (id === undefined || !wanted.delete(id)) continue;
      paths[template] = { ...paths[template], [method]: operation };
    }
  }
  if (wanted.size > 0) throw new Error(`GitHub's description has no ${[...wanted].join(", ")}`);
  return { openapi: whole.openapi, info: whole.info, paths, components: reachable(paths, whole) };
}

function reachable(paths: unknown, { components }: Document): Document["components"] {
  const kept: Record<string, Record<string, unknown>> = {};
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    mendNullable(value as Record<string, unknown>);
    for (const [key, inner] of Object.entries(value)) {
      if (key !== "$ref" || typeof inner !== "string") {
        visit(inner);
        continue;
      }
      const [, , kind = "", name = ""] = inner.split("/");
      kept[kind] ??= {};
      if (name in kept[kind]) continue;
      kept[kind][name] = components[kind]?.[name];
      visit(kept[kind][name]);
    }
  };
  visit(paths);
  return kept;
}

// the description says nullable beside compositions and enums, where ajv wants a type, and null among the values
function mendNullable(schema: Record<string, unknown>): void {
  if (schema["nullable"] !== true) return;
  const values = schema["enum"];
  if (Array.isArray(values) && !values.includes(null)) values.push(null);
  if (schema["type"] !== undefined) return;
  const { anyOf, oneOf, allOf } = schema;
  const alternatives = (anyOf ?? oneOf ?? [{ allOf }]) as unknown[];
  for (const key of ["nullable", "oneOf", "allOf"]) delete schema[key];
  schema["anyOf"] = [...alternatives, { enum: [null] }];
}

/** Makes an answer whole: what its schema requires and the emulator has nothing to say about gets a neutral value. */
export function createCompleter(document: Document, serverUrl: string) {
  const resolved = (schema: Schema): Schema => {
    if (schema.$ref === undefined) return schema;
    const [, , kind = "", name = ""] = schema.$ref.split("/");
    return document.components[kind]?.[name] as Schema;
  };

  const complete = (value: unknown, unresolved: Schema): unknown => {
    const schema = resolved(unresolved);
    if (value === undefined) return neutral(schema);
    if (value === null) return null;
    const alternatives = schema.oneOf ?? schema.anyOf;
    if (alternatives) return complete(value, fitting(value, alternatives));
    if (Array.isArray(value)) return value.map((item) => complete(item, schema.items ?? {}));
    if (typeof value !== "object") return value;
    return (schema.allOf ?? [schema]).reduce<unknown>((object, part) => withProperties(object, resolved(part)), value);
  };

  const withProperties = (value: unknown, schema: Schema): unknown => {
    if (schema.allOf || schema.oneOf || schema.anyOf) return complete(value, schema);
    const object: Record<string, unknown> = { ...(value as Record<string, unknown>) };
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (object[name] !== undefined || schema.required?.includes(name))
        object[name] = complete(object[name], property);
    }
    return object;
  };

  // the alternative that agrees with the value's own constants and misses least
  const fitting = (value: unknown, alternatives: readonly Schema[]): Schema => {
    const scored = alternatives.map((alternative) => ({ alternative, misfit: misfit(value, alternative) }));
    scored.sort((one, other) => one.misfit - other.misfit);
    return scored[0]?.alternative ?? {};
  };

  const misfit = (value: unknown, alternative: Schema): number => {
    const schema = resolved(alternative);
    if (schema.allOf) return schema.allOf.reduce((sum, part) => sum + misfit(value, part), 0);
    if (schema.oneOf ?? schema.anyOf) {
      return Math.min(...(schema.oneOf ?? schema.anyOf ?? []).map((part) => misfit(value, part)));
    }
    const type = Array.isArray(value) ? "array" : typeof value;
    if (schema.type !== undefined && schema.type !== type && !(schema.type === "integer" && type === "number")) {
      return 1000;
    }
    if (type !== "object") return 0;
    const own = Object.entries(value as Record<string, unknown>);
    return own.reduce((sum, [name, inner]) => {
      const property = schema.properties?.[name];
      if (!property) return sum + (schema.properties ? 1 : 0);
      const allowed = resolved(property).enum;
      return sum + (allowed && !allowed.includes(inner) ? 100 : 0);
    }, 0);
  };

  const neutral = (unresolved: Schema): unknown => {
    const schema = resolved(unresolved);
    if (schema.nullable || schema.anyOf?.some((one) => one.enum?.includes(null))) return null;
    if (schema.enum) return schema.enum[0];
    const first = schema.oneOf?.[0] ?? schema.anyOf?.[0];
    if (first) return neutral(first);
    if (schema.allOf || schema.properties || schema.type === "object") return complete({}, schema);
    if (schema.type === "array") return [];
    if (schema.type === "boolean") return false;
    if (schema.type === "integer" || schema.type === "number") return 0;
    if (schema.format === "date-time") return new Date(0).toISOString();
    return schema.format === "uri" ? `${serverUrl}/not-emulated` : "";
  };

  return (body: unknown, operation: OperationObject, status: number): unknown => {
    const response = operation.responses[String(status)];
    const declared = response?.$ref ? (resolved(response as Schema) as typeof response) : response;
    const schema = declared?.content?.["application/json"]?.schema;
    return schema ? complete(body, schema) : body;
  };
}
