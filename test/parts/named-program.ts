import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Runs NAME.ts of a folder with the rest of `args`, as `npm run COMMAND -- NAME [arguments]` does, and returns its exit
 * code. `about` says what the programs have in common.
 */
export function runNamed(
  folder: string,
  { command, about, args }: { command: string; about: string; args: string[] },
): number {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".ts") && file !== "main.ts")
    .map((file) => file.slice(0, -".ts".length))
    .sort();
  const [name = "--help", ...rest] = args;
  if (names.includes(name)) {
    const { status } = spawnSync(process.execPath, [join(folder, `${name}.ts`), ...rest], { stdio: "inherit" });
    return status ?? 1;
  }
  if (name !== "--help") {
    console.error(`npm run ${command}: there is no ${name}: name one of ${names.join(", ")}`);
    return 42;
  }
  console.log(`npm run ${command} -- NAME [arguments]\n\nNAME is one of: ${names.join(", ")}. ${about}`);
  return 0;
}
