import { join, resolve } from "node:path";
import { readTools } from "#config/tools.ts";
import { command } from "#test/parts/command.ts";

const root = resolve(import.meta.dirname, "../..");
// of projects whose schemas are in no registry; the API server of the cluster checks those that it knows
const foreign = ["Application", "ApplicationSet", "AppProject", "ExternalSecret", "PodMonitor", "PrometheusRule"];

/** Holds manifests (a text of YAML documents) to Kubernetes' schemas. Throws with what is wrong, by resource. */
export async function kubeconform(manifests: string): Promise<void> {
  const { kubeconform: program, kubernetesSchemas } = readTools(root);
  if (!program || !kubernetesSchemas) throw new Error("no kubeconform: run `npm test`, whose set-up prepares it");
  const schemas = join(kubernetesSchemas, "{{.ResourceKind}}{{.KindSuffix}}.json");
  await command([program, "-strict", "-schema-location", schemas, "-skip", foreign.join(), "-"], { input: manifests });
}
