import { spawn } from "node:child_process";

/** Runs a program to its end and returns its stdout. Throws with the end of its stderr when it fails or can't be started. */
export function runCommand(command: string, commandArguments: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(command, commandArguments, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let problems = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      problems = (problems + text).slice(-4000);
    });
    child.on("error", fail);
    child.on("close", (code, signal) => {
      if (code === 0) done(output);
      else fail(new Error(`${command} ended with ${code ?? signal}:\n${problems.trim()}`));
    });
  });
}

/** The first of `candidates` that runs with `probe` as its arguments. */
export async function findCommand(
  candidates: readonly string[],
  probe: readonly string[],
): Promise<string | undefined> {
  for (const candidate of candidates) {
    const works = await runCommand(candidate, probe).then(
      () => true,
      () => false,
    );
    if (works) return candidate;
  }
  return undefined;
}
