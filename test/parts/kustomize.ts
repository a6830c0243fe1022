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

/** What `kustomize build` makes of a folder. Throws with kustomize's own message. */
export async function kustomizeText(folder: string): Promise<string> {
  return (await promisify(execFile)(kustomizeProgram(), ["build", folder])).stdout;
}

/** The resources that `kustomize build` makes of a folder, by kind. */
export async function kustomizeBuild(folder: string): Promise<Record<string, unknown>> {
  const documents = parseAllDocuments(await kustomizeText(folder));
  const resources = documents.map((document) => Resource.parse(document.toJS()));
  return Object.fromEntries(resources.map((resource) => [resource.kind, resource]));
}
