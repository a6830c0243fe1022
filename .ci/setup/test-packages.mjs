import { existsSync, readlinkSync } from "node:fs";
import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { npmFolder } from "./npm-folder.mjs";

const keptSchema = "api.github.com.json"; // of twenty, half a gigabyte in all

/** Makes `test/node_modules` the packages that only tests import (`.ci/npm`), so that nobody else has to install them. */
export async function linkTestPackages(root) {
  const installed = await npmFolder(join(root, ".ci/npm"), {
    title: "npm packages of the tests",
    why: "once, about a minute",
    finish: (packages) => removeOtherSchemas(join(packages, "@octokit/openapi/generated")),
  });
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
