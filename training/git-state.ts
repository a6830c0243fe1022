import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { GitState } from "./candidate.ts";

/** The commit of the checkout at `root` and whether files differ from it; `undefined` outside of git. */
export async function readGitState(root: string): Promise<GitState | undefined> {
  const git = async (...args: string[]) => (await promisify(execFile)("git", args, { cwd: root })).stdout.trim();
  try {
    const [sha, branch, changes] = await Promise.all([
      git("rev-parse", "--verify", "HEAD"),
      git("branch", "--show-current"),
      git("status", "--porcelain", "--untracked-files=normal"),
    ]);
    return { sha, ...(branch && { branch }), dirty: changes !== "" };
  } catch {
    return undefined; // no git, no repository, or no commit yet: the candidate then names no commit
  }
}
