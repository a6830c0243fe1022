import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "./temporary-folder.ts";

const root = resolve(import.meta.dirname, "../..");
const identity = ["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com", "-c", "commit.gpgSign=false"];

/** A checkout of code of its own: a git repository with this repository's `manifests/`, without a commit yet. */
export async function createCheckout() {
  const folder = await temporaryFolder();
  const run = async (command: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const options = { cwd: folder.path, env: { ...process.env, ...env } };
    return (await promisify(execFile)("git", [...identity, ...command], options)).stdout.trim();
  };
  const git = (...command: string[]) => run(command);
  await git("init", "--quiet", "--initial-branch=main");
  await cp(join(root, "manifests"), join(folder.path, "manifests"), { recursive: true });
  return {
    path: folder.path,
    git,
    async write(path: string, text: string): Promise<void> {
      await mkdir(dirname(join(folder.path, path)), { recursive: true });
      await writeFile(join(folder.path, path), text);
    },
    /** Commits all there is, now or at an ISO 8601 date, and returns the commit. */
    async commit(message: string, date?: string): Promise<string> {
      await git("add", "--all");
      const dates = date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
      await run(["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message], dates);
      return await git("rev-parse", "HEAD");
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
