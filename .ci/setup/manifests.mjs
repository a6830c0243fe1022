import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, keyOf, once } from "./cache.mjs";
import { run } from "./command.mjs";

const kubernetesVersion = "1.34"; // whose schemas the manifests are held to
const program = ".ci/python/kubernetes_schemas.py";

/** All that decides what the schemas are; `lock` names the package that they come from. */
export function schemaInputs(root, lock) {
  return [
    kubernetesVersion,
    ...[`.ci/python/${lock}`, program].map((file) => readFileSync(join(root, file), "utf8")),
  ].join();
}

/** A folder of JSON schemas, one a resource of Kubernetes, out of the package kubernetes-validate of `interpreter`. */
export async function kubernetesSchemas(root, interpreter, lock) {
  const folder = join(cacheFolder, "kubernetes-schemas", keyOf(schemaInputs(root, lock)));
  const one = await once(folder, "deployment-apps-v1.json", async (own) => {
    await run([interpreter, join(root, program), kubernetesVersion, own]);
  });
  return join(one, "..");
}
