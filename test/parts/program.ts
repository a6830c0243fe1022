import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

export interface ProgramOptions {
  env?: Readonly<Record<string, string>>;
  /** Told the output so far as it grows; the first signal that it returns is sent. */
  onOutput?: (soFar: string) => NodeJS.Signals | undefined;
}

/** Runs a program of the repository to its end, as a user's shell would without a terminal. `output` is stdout and stderr as they came. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, onOutput }: ProgramOptions = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [resolve(root, program), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let isSent = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
      const signal = isSent ? undefined : onOutput?.(output);
      if (signal) isSent = child.kill(signal);
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}
