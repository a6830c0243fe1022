import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { listEnvironments, listModels } from "#config/load.ts";
import { jsonSchemas } from "#config/schemas/json-schemas.ts";

const config = join(import.meta.dirname, "../../config");
const schemas = jsonSchemas();

describe("JSON Schemas for editors", () => {
  test.each(Object.entries(schemas))("%s is current (`npm run fix` rewrites it)", async (name, schema) => {
    expect(JSON.parse(await readFile(join(config, "schemas", name), "utf8"))).toEqual(
      JSON.parse(JSON.stringify(schema)),
    );
  });

  test("every YAML file names its schema in its first line", async () => {
    const root = join(config, "..");
    const files = [
      ...(await listEnvironments(root)).map((name) => [`${name}.yaml`, "schemas/environment.json"] as const),
      ...(await listModels(root)).map((name) => [`models/${name}.yaml`, "../schemas/model.json"] as const),
    ];
    for (const [file, schema] of files) {
      const [first] = (await readFile(join(config, file), "utf8")).split("\n");
      expect(first, file).toBe(`# yaml-language-server: $schema=${schema}`);
    }
  });

  test("an environment may say a part of a mapping, but no unknown key, and items of a list whole", () => {
    const schema = z.fromJSONSchema(schemas["environment.json"] as z.core.JSONSchema.JSONSchema);
    expect(schema.safeParse({ data: { root: "s3://x" }, gate: { slices: { maxDrop: 0.1 } } }).success).toBe(true);
    expect(schema.safeParse({ data: { rot: "s3://x" } }).success).toBe(false);
    expect(schema.safeParse({ data: { features: [{ unit: "cm" }] } }).success).toBe(false);
    expect(schema.safeParse({ environments: {} }).success).toBe(false);
  });
});
