import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonSchemas } from "./json-schemas.ts";

for (const [name, schema] of Object.entries(jsonSchemas())) {
  await writeFile(join(import.meta.dirname, name), `${JSON.stringify(schema, null, 2)}\n`);
}
