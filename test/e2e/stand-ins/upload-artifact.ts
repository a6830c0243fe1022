// actions/upload-artifact: the real client
import { glob, readdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { artifactClient } from "./artifact-client.ts";
import { flag, inputsOf, lines, setOutput } from "./inputs.ts";

const inputs = inputsOf({
  name: z.string().default("artifact"),
  path: lines,
  "if-no-files-found": z.enum(["warn", "error", "ignore"]).default("warn"),
  "retention-days": z.coerce.number().optional(),
  "compression-level": z.coerce.number().optional(),
  "include-hidden-files": flag.default(false),
  overwrite: flag.default(false),
});
const files = (await Promise.all(inputs.path.map(filesAt))).flat().sort();
if (files.length === 0) {
  const message = `No files were found with the provided path: ${inputs.path.join(", ")}. No artifacts will be uploaded.`;
  if (inputs["if-no-files-found"] === "error") throw new Error(message);
  if (inputs["if-no-files-found"] === "warn") console.log(`::warning::${message}`);
} else {
  const client = await artifactClient();
  const { id = 0, digest = "" } = await client.uploadArtifact(inputs.name, files, rootOf(files));
  await setOutput("artifact-id", String(id));
  await setOutput("artifact-digest", digest);
}

async function filesAt(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const match of glob(path)) {
    if (!(await stat(match)).isDirectory()) found.push(resolve(match));
    else {
      for (const entry of await readdir(match, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) found.push(resolve(entry.parentPath, entry.name));
      }
    }
  }
  return found.filter((file) => inputs["include-hidden-files"] || !file.includes("/."));
}

// the real action keeps paths from the folder that is named, or from the nearest folder of all files
function rootOf(paths: readonly string[]): string {
  const [only = ""] = inputs.path;
  if (inputs.path.length === 1 && !/[*?[]/.test(only) && paths.some((path) => path !== resolve(only)))
    return resolve(only);
  let root = dirname(paths[0] ?? ".");
  while (!paths.every((path) => path.startsWith(`${root}/`))) root = dirname(root);
  return root;
}
