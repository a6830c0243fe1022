import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface CommandOptions {
  input?: string;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** Runs a program to its end and returns its stdout. Throws with what it said on stderr. */
export async function command(words: readonly string[], options: CommandOptions = {}): Promise<string> {
  return (await commandOutput(words, options)).stdout;
}

/** The same, with what it said on stderr though it ended well. */
export async function commandOutput(
  [program = "", ...args]: readonly string[],
  { input, env, cwd }: CommandOptions = {},
): Promise<{ stdout: string; stderr: string }> {
  const running = promisify(execFile)(program, args, {
    env: { ...process.env, ...env },
    maxBuffer: 256 * 1024 * 1024,
    ...(cwd && { cwd }),
  });
  running.child.stdin?.on("error", () => undefined); // it may end before it has read all; its exit code tells
  running.child.stdin?.end(input ?? "");
  try {
    return await running;
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
    throw new Error(`${[program, ...args].join(" ")}\n${stderr.trim() || stdout.trim() || String(error)}`, {
      cause: error,
    });
  }
}
