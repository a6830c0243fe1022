// npm on the runner's PATH: an install of the lockfile that is installed here already is a folder of links
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { variable } from "./inputs.ts";

const root = variable("STAND_IN_ROOT");
const [command] = process.argv.slice(2);
const isSame = existsSync("package-lock.json") && lockfile(".") === lockfile(root);
if (isSame && command === "ci") link();
else if (!(isSame && command === "rebuild")) process.exitCode = real();

function link(): void {
  rmSync("node_modules", { recursive: true, force: true });
  mkdirSync("node_modules");
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== ".cache") symlinkSync(join(root, "node_modules", name), join("node_modules", name));
  }
}

function real(): number {
  const { status } = spawnSync(variable("STAND_IN_NPM"), process.argv.slice(2), { stdio: "inherit" });
  return status ?? 1;
}

function lockfile(folder: string): string {
  return readFileSync(join(folder, "package-lock.json"), "utf8");
}
