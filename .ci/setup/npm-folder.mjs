import { readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, keyOf, once } from "./cache.mjs";
import { run } from "./command.mjs";
import { npmEnvironment, npmRemedy } from "./packages.mjs";
import { step } from "./progress.mjs";

/**
 * The `node_modules` in the cache that has what the lock in `source` names. No script of a package runs. `finish` is given
 * the new one before anybody uses it.
 */
export function npmFolder(source, { title, why, finish }) {
  const key = keyOf(readFileSync(join(source, "package-lock.json"), "utf8"), process.platform, process.arch);
  return once(join(cacheFolder, "npm", key), "node_modules", (own) =>
    step(title, why, async (onLine) => {
      await cp(source, own, { recursive: true });
      const command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      await run(command, { cwd: own, env: npmEnvironment(), remedy: npmRemedy, onLine });
      await finish?.(join(own, "node_modules"));
    }),
  );
}
