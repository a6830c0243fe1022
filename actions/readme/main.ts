import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { ActionFile } from "./action-file.ts";
import { withTables } from "./tables.ts";

// Brings the tables in each action's README up to date with its action.yml: part of `npm run fix`
const actions = resolve(import.meta.dirname, "..");
for (const name of await readdir(actions)) {
  const file = join(actions, name, "action.yml");
  if (!existsSync(file)) continue;
  const readme = join(actions, name, "README.md");
  await writeFile(
    readme,
    withTables(await readFile(readme, "utf8"), ActionFile.parse(parse(await readFile(file, "utf8")))),
  );
}
