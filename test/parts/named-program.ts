import { spawnSync } from "node:child_process";
import { join } from "node:path";

export interface NamedPrograms {
  command: string; // of npm run
  about: string; // what they have in common
  programs: Readonly<Record<string, string>>; // the arguments that each takes
  args: readonly string[];
}

/** Runs NAME.ts of a folder with the rest of `args`, as `npm run COMMAND -- NAME [arguments]` does, and returns its exit code. */
export function runNamed(folder: string, { command, about, programs, args }: NamedPrograms): number {
  const names = Object.keys(programs);
  const [name = "--help", ...rest] = args;
  if (names.includes(name)) {
    const { status } = spawnSync(process.execPath, [join(folder, `${name}.ts`), ...rest], { stdio: "inherit" });
    return status ?? 1;
  }
  if (name !== "--help") {
    console.error(`npm run ${command}: there is no ${name}: name one of ${names.join(", ")}`);
    return 42;
  }
  const lines = Object.entries(programs).map(([each, takes]) => `  npm run ${command} -- ${each} ${takes}`.trimEnd());
  console.log(`${about}\n\n${lines.join("\n")}`);
  return 0;
}
