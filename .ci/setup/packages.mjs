import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, sep } from "node:path";
import { cacheFolder, keyOf } from "./cache.mjs";
import { run } from "./command.mjs";
import { withLock } from "./lock.mjs";
import { step } from "./progress.mjs";

// npm hands its settings to the scripts it runs; of these only the ones about the network may reach an npm inside
const keptSettings =
  /^npm_config_(registry|cache|proxy|https_proxy|noproxy|ca|cafile|strict_ssl|userconfig|globalconfig)$/;
/** What to do when npm fails, for messages. */
export const npmRemedy =
  "check the network and npm's registry settings (`npm ping`), then run the same command again; it starts over by itself";

/** Installs exactly what package-lock.json names, unless that is there already. Their scripts do not run, except those of node and esbuild. */
export async function installPackages(root) {
  const lockfile = readFileSync(join(root, "package-lock.json"), "utf8");
  const stamp = join(root, "node_modules/.cache/slipway/packages");
  const key = keyOf(lockfile, process.platform, process.arch);
  const isCurrent = () => existsSync(stamp) && readFileSync(stamp, "utf8") === key;
  if (isCurrent()) return;
  await mkdir(join(cacheFolder, "locks"), { recursive: true });
  await withLock(join(cacheFolder, "locks", keyOf(root)), async () => {
    if (isCurrent()) return;
    await step("npm packages", "once for each package-lock.json, about a minute", async (onLine) => {
      const options = { cwd: root, env: npmEnvironment(), remedy: npmRemedy, onLine };
      const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
      if (!isInstalled(root, lockfile)) await run(["npm", "ci", "--ignore-scripts", ...quiet], options);
      await run(["npm", "rebuild", "node", "esbuild", ...quiet], options);
      await mkdir(dirname(stamp), { recursive: true });
      await writeFile(stamp, key); // last: without it the next set-up starts over
    });
  });
}

/** Whether npm's own record of node_modules has every package of the lockfile, as it does after `npm install`. */
export function isInstalled(root, lockfile) {
  const record = join(root, "node_modules/.package-lock.json"); // npm writes it last
  if (!existsSync(record)) return false;
  const { packages: found } = JSON.parse(readFileSync(record, "utf8"));
  const { packages: wanted } = JSON.parse(lockfile);
  const differs = (path) =>
    found[path]?.version !== wanted[path]?.version || found[path]?.integrity !== wanted[path]?.integrity;
  const mayBeAbsent = (path) => wanted[path]?.optional && !found[path];
  const paths = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  return [...paths].every((path) => path === "" || !differs(path) || mayBeAbsent(path));
}

/** The environment for npm inside of a script that npm runs: without the settings of the outer one. */
export function npmEnvironment() {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_") || keptSettings.test(name));
  const folders = (process.env.PATH ?? "").split(delimiter); // those inside node_modules are about to be removed
  const PATH = folders.filter((folder) => !folder.includes(`${sep}node_modules${sep}`)).join(delimiter);
  return { ...Object.fromEntries(entries), PATH };
}
