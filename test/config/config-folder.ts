import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const files = {
  "dev.yaml": "outputs: ./outputs/dev\nmodels:\n  uri: ./outputs/dev/models\n",
  "prod.yaml": "outputs: ./outputs/prod\nmodels:\n  uri: s3://models/production\n",
  "models/tiny.yaml": [
    "data:",
    "  format: table",
    "  path: tiny.csv",
    "  features: [{ name: x }]",
    "  label: y",
    "gate:",
    "  minimum: 0.7",
    "",
  ].join("\n"),
};

/** A root whose `config` holds the environments dev and prod and the model tiny; `changed` replaces or adds files. */
export async function configFolder(changed: Record<string, string | Uint8Array> = {}) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries({ ...files, ...changed })) {
    const path = join(folder.path, "config", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return folder;
}

/** `tiny.yaml` with lines added. */
export function tinyWith(...lines: string[]): Record<string, string> {
  return { "models/tiny.yaml": `${files["models/tiny.yaml"]}${lines.join("\n")}\n` };
}
