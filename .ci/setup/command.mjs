import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const firstLines = 10;
const lastLines = 20;

/** A command of set-up that failed: what it said, and what the user can do. */
export class CommandError extends Error {
  name = "CommandError";

  constructor(command, { output, end }, remedy) {
    const lines = output.trimEnd().split("\n");
    const left = lines.length - firstLines - lastLines; // npm gives the reason first, Python last
    const said = left > 0 ? [...lines.slice(0, firstLines), `[${left} lines]`, ...lines.slice(-lastLines)] : lines;
    const parts = [`command: ${command.join(" ")}`, `ended with: ${end}`, ...said.map((line) => `| ${line}`)];
    super([...parts, ...(remedy ? [`remedy: ${remedy}`] : [])].join("\n"));
  }
}

/**
 * Runs `[program, ...arguments]` without input and returns its stdout. `onLine` hears every line while it runs.
 * Throws CommandError with `remedy` when it can't be started or ends with anything but 0.
 */
export async function run(command, { cwd, env, remedy, onLine } = {}) {
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd, env: env ?? process.env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, output] = ["", ""];
  const hear = (text) => {
    output += text;
    const line = text.trim().split("\n").at(-1);
    if (line) onLine?.(line);
  };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    hear(text);
  });
  child.stderr.setEncoding("utf8").on("data", hear);
  const end = await new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(signal ?? code));
  });
  if (end !== 0) throw new CommandError(command, { output, end }, remedy);
  return stdout;
}

/** Paths of every executable named `name` on PATH, in its order. */
export function which(name) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).filter((path) => isExecutable(path));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
