import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { cp, mkdir, readdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheFolder, keyOf, once } from "./cache.mjs";
import { run } from "./command.mjs";
import { npmEnvironment, npmRemedy } from "./packages.mjs";
import { step } from "./progress.mjs";

const keptSchema = "api.github.com.json"; // of twenty, half a gigabyte in all

/** Makes `test/node_modules` the packages that only tests import (`.ci/npm`), so that nobody else has to install them. */
export async function linkTestPackages(root) {
  const source = join(root, ".ci/npm");
  const key = keyOf(readFileSync(join(source, "package-lock.json"), "utf8"), process.platform, process.arch);
  const installed = await once(join(cacheFolder, "npm", key), "node_modules", (own) =>
    step("npm packages of the tests", "once, about a minute", async (onLine) => {
      await cp(source, own, { recursive: true });
      const command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      await run(command, { cwd: own, env: npmEnvironment(), remedy: npmRemedy, onLine });
      await removeOtherSchemas(join(own, "node_modules/@octokit/openapi/generated"));
    }),
  );
  const link = join(root, "test/node_modules");
  if (targetOf(link) === installed) return;
  await rm(link, { recursive: true, force: true });
  await mkdir(dirname(link), { recursive: true });
  await symlink(installed, link);
}

function targetOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // not there yet, or a folder
  }
}

async function removeOtherSchemas(folder) {
  const names = existsSync(folder) ? await readdir(folder) : [];
  await Promise.all(
    names.filter((name) => name.endsWith(".json") && name !== keptSchema).map((name) => rm(join(folder, name))),
  );
}
