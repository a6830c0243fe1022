import { z } from "zod";
import { similarKey } from "./known-keys.ts";
import { Config } from "./schema.ts";

/** What a swept key takes, or why it can't be swept. */
export type SweptKey = { kind: "takes"; schema: z.ZodType } | { kind: "refused"; reason: string };

const sweepable = ["architecture", "training"];
const withoutEffect = "training.checkpointSeconds";

/** Looks up a key of the configuration by its dotted path. */
export function sweptKey(path: string): SweptKey {
  const keys = path.split(".");
  const [group = ""] = keys;
  if (Object.hasOwn(Config.shape, group) && !sweepable.includes(group)) {
    const reason = "trials may differ in architecture and training only: they are compared on the same data";
    return { kind: "refused", reason };
  }
  const schema = schemaAt(keys);
  if (!schema) {
    const similar = similarKey(keys);
    return { kind: "refused", reason: `unknown key${similar ? `; did you mean ${similar}?` : ""}` };
  }
  if (path === withoutEffect) return { kind: "refused", reason: "makes no difference to the model" };
  if (schema instanceof z.ZodObject) {
    const inner = Object.keys(schema.shape).map((key) => `${path}.${key}`);
    return { kind: "refused", reason: `is a group of keys; name one of them: ${inner.join(", ")}` };
  }
  return { kind: "takes", schema };
}

/** Whether the key takes whole numbers only. */
export function takesIntegers(path: string): boolean {
  return schemaAt(path.split(".")) instanceof z.ZodNumberFormat;
}

function schemaAt(keys: readonly string[]): z.ZodType | undefined {
  let schema: z.ZodType = Config;
  for (const key of keys) {
    if (!(schema instanceof z.ZodObject) || !Object.hasOwn(schema.shape, key)) return undefined;
    schema = plain(schema.shape[key]);
  }
  return schema;
}

/** A schema without its default. */
function plain(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return plain(schema.unwrap() as z.ZodType);
  return schema;
}
