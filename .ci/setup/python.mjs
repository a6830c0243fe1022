import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { cacheFolder, keyOf, once } from "./cache.mjs";
import { run, which } from "./command.mjs";
import { step } from "./progress.mjs";
import { getUv } from "./uv.mjs";

const names = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
const oldest = 10; // of Python 3
const newestProved = 13;
const describe = [
  "import json, platform, sys",
  "print(json.dumps({'executable': sys.executable, 'version': platform.python_version(), 'kind': platform.python_implementation()}))",
].join("\n");

/** How to get a Python, for messages. */
export const pythonRemedy =
  "install Python 3.10 to 3.13 (Debian, Ubuntu: `apt install python3 python3-venv`; macOS: `brew install python@3.13`) and run the same command again";

/** The machine's first Python 3.10 or newer on PATH, `{ executable, version }`; those the locks are proved with come first. */
export async function findPython() {
  const newer = [];
  for (const path of names.flatMap(which)) {
    const python = await inspect(path);
    const minor = /^3\.(\d+)\./.exec(python?.version ?? "")?.[1];
    if (!minor || Number(minor) < oldest || python.kind !== "CPython") continue;
    if (Number(minor) <= newestProved) return python;
    newer.push(python);
  }
  return newer[0];
}

/**
 * The Python of a virtual environment with exactly the packages that `lock` (a file of `.ci/python`, or a path from there)
 * names, checked by hash. `script` (of `.ci/python` too) runs in it then. `modules` are imported once: that proves them, and
 * leaves their bytecode, without which each later start would take twice as long.
 */
export function environment(root, python, { lock, script, modules, title, why }) {
  const [path, ...scripts] = [lock, script].filter(Boolean).map((name) => join(root, ".ci/python", name));
  const texts = [path, ...scripts].map((file) => readFileSync(file, "utf8"));
  const key = keyOf(...texts, python.version, process.platform, process.arch);
  const folder = join(cacheFolder, "python", `${basename(lock, ".txt")}-${key}`);
  return once(folder, "bin/python", (own) =>
    step(title, why, async (onLine) => {
      await install({ root, python, path, own, onLine });
      for (const file of scripts) await run([join(own, "bin/python"), file], { onLine });
      const command = [join(own, "bin/python"), "-c", modules.map((name) => `import ${name}`).join("\n")];
      if (modules.length > 0) await run(command, { env: { ...process.env, PYTHONDONTWRITEBYTECODE: "" }, onLine });
    }),
  );
}

async function install({ root, python, path, own, onLine }) {
  const uv = await getUv(root, python);
  const remedy = "check the network and pip's index settings (`pip config list`), then run the same command again";
  const options = { env: uv.env, remedy, onLine };
  if (uv.program) {
    await run([uv.program, "venv", "--quiet", "--allow-existing", "--python", python.executable, own], options);
    await run([uv.program, "pip", "sync", "--require-hashes", "--python", join(own, "bin/python"), path], options);
  } else {
    await run([python.executable, "-m", "venv", own], options);
    await run([join(own, "bin/python"), "-m", "pip", "install", "--no-deps", "--require-hashes", "-r", path], options);
  }
}

async function inspect(path) {
  try {
    return JSON.parse(await run([path, "-c", describe]));
  } catch {
    return undefined; // no Python in spite of its name, such as a version manager's empty shim
  }
}
