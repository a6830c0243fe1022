import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { readTools } from "#config/tools.ts";

const root = resolve(import.meta.dirname, "../..");
const Resource = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });

/** The path of kustomize. */
export function kustomizeProgram(): string {
  const { kustomize } = readTools(root);
  if (!kustomize) throw new Error("no kustomize: run `npm test`, whose set-up prepares it");
  return kustomize;
}

/** The resources that `kustomize build` makes of a folder, by kind. Throws with kustomize's own message. */
export async function kustomizeBuild(folder: string): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(kustomizeProgram(), ["build", folder]);
  const resources = parseAllDocuments(stdout).map((document) => Resource.parse(document.toJS()));
  return Object.fromEntries(resources.map((resource) => [resource.kind, resource]));
}
