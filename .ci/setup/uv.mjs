import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, keyOf, once } from "./cache.mjs";
import { run, which } from "./command.mjs";
import { say } from "./progress.mjs";

let prepared;

/**
 * `{ program, env }` of the pinned uv, which installs Python packages many times faster than pip; `program` is undefined where only pip can be had.
 * Throws where there is neither.
 */
export function getUv(root, python) {
  prepared ??= prepare(root, python); // one for all environments that are made at once
  return prepared;
}

async function prepare(root, python) {
  const lock = join(root, ".ci/python/uv.txt");
  const folder = join(
    cacheFolder,
    "python",
    `uv-${keyOf(readFileSync(lock, "utf8"), python.version, process.platform, process.arch)}`,
  );
  try {
    const program = await once(folder, "bin/uv", (own) => install(python, lock, own));
    return { program, env: await uvEnvironment(python) };
  } catch (error) {
    const [program] = which("uv");
    if (!program && !(await hasVenv(python))) {
      error.message += `\nremedy: ${python.executable} has neither venv nor pip: \`apt install python3-venv\` or install uv`;
      throw error;
    }
    say(`the pinned uv can't be installed; ${program ?? "pip alone, which is slower,"} takes its place`);
    if (program) return { program, env: await uvEnvironment(python) };
    return { env: process.env };
  }
}

// uv is one executable, so a folder of files serves as well as an environment where Debian's Python has pip but no venv
async function install(python, lock, own) {
  const packages = ["install", "--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check", "-r", lock];
  if (await hasVenv(python)) {
    await run([python.executable, "-m", "venv", own]);
    await run([join(own, "bin/python"), "-m", "pip", ...packages]);
  } else {
    await run([python.executable, "-m", "pip", ...packages, "--target", own]);
  }
}

/** The environment in which uv finds packages where pip does: uv does not read pip's configuration. */
async function uvEnvironment(python) {
  const listed = await run([python.executable, "-m", "pip", "config", "list"]).catch(() => "");
  return { ...process.env, UV_PYTHON_DOWNLOADS: "never", ...indexVariables(listed, process.env) };
}

/** uv's variables for what `pip config list` says; those that `variables` has already stay. */
export function indexVariables(listed, variables) {
  const settings = new Map([...listed.matchAll(/^(\S+?)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
  const setting = (name) =>
    [":env:", "install", "global"].map((section) => settings.get(`${section}.${name}`)).find(Boolean);
  const wanted = {
    UV_DEFAULT_INDEX: setting("index-url"),
    UV_INDEX: setting("extra-index-url")
      ?.split(/(?:\\n|\s)+/)
      .filter(Boolean)
      .join(" "),
    SSL_CERT_FILE: setting("cert"),
  };
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value && !variables[name]));
}

function hasVenv(python) {
  return run([python.executable, "-c", "import ensurepip, venv"]).then(
    () => true,
    () => false,
  );
}
