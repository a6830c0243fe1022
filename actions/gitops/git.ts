import { execFile } from "node:child_process";
import { gitEnvironment } from "./env.ts";

/** A git command that ended with an exit code other than 0; `stderr` is git's own message. */
export class GitError extends Error {
  override name = "GitError";
  readonly exitCode: number | undefined; // undefined: git could not be started, or was killed
  readonly stderr: string;

  constructor(command: readonly string[], failure: { exitCode: number | undefined; stderr: string; cause: unknown }) {
    const missing = failure.cause instanceof Error && "code" in failure.cause && failure.cause.code === "ENOENT";
    const reason = missing
      ? "git could not be started: is it installed?"
      : failure.stderr.trim() || String(failure.cause);
    super(`git ${command.slice(0, 6).join(" ")}: ${reason}`, { cause: failure.cause });
    this.exitCode = failure.exitCode;
    this.stderr = failure.stderr;
  }
}

/** A git program bound to a folder, run without a shell; every call resolves to its stdout or throws a `GitError`. */
export function createGit(options: { folder: string; environment?: Record<string, string> }) {
  const environment = { ...gitEnvironment(), GIT_TERMINAL_PROMPT: "0", ...options.environment };
  return (command: readonly string[], call: { input?: string; environment?: Record<string, string> } = {}) =>
    new Promise<string>((done, fail) => {
      const run = { cwd: options.folder, env: { ...environment, ...call.environment }, maxBuffer: 64 * 1024 * 1024 };
      const child = execFile("git", command, run, (cause, stdout, stderr) => {
        if (!cause) return done(stdout);
        const exitCode = typeof cause.code === "number" ? cause.code : undefined;
        fail(new GitError(command, { exitCode, stderr, cause }));
      });
      child.stdin?.on("error", () => undefined); // git may end before it has read all; its exit code tells
      child.stdin?.end(call.input ?? "");
    });
}

export type Git = ReturnType<typeof createGit>;
