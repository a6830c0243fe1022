import { BadInputError } from "#config/bad-input.ts";
import { createGit, type Git } from "./git.ts";

/** A commit of a branch that changed a file. */
export interface FileChange {
  sha: string;
  date: string; // ISO 8601: when it came to the branch
  by: string; // its author's name: whatever they typed
  message: string;
}

/** The files of a repository as they were. */
export interface FileHistory {
  /** The file's text at a commit; `undefined` when there is none. */
  read(commit: string, path: string): Promise<string | undefined>;
  /** The commits before and at `commit` that changed the file, newest first. */
  changes(commit: string, path: string): AsyncIterable<FileChange>;
}

export type LocalHistory = ReturnType<typeof createFileHistory>;

const fields = ["%H", "%cI", "%an", "%P", "%B"].join("%x00");

/**
 * The history of the git repository that `folder` lies in, read only. Of a merge it is the merge that counts, not the commits
 * that it brought: they were on no branch that a cluster follows. Its message goes on with that of the last of them.
 */
export function createFileHistory(folder: string) {
  const git = createGit({ folder });

  async function* log(options: readonly string[]): AsyncGenerator<FileChange & { merged: string | undefined }> {
    const command = ["-c", "log.showSignature=false", "log", "--first-parent", "-z", `--format=${fields}%x00`];
    const parts = (await git([...command, ...options])).split("\0");
    // Six a commit: -z ends each with one more NUL
    for (let i = 0; i + 4 < parts.length; i += 6) {
      const [sha = "", date = "", by = "", parents = "", message = ""] = parts.slice(i, i + 5);
      yield { sha, date, by, message: message.trimEnd(), merged: parents.split(" ")[1] };
    }
  }

  async function* changes(commit: string, path: string): AsyncGenerator<FileChange> {
    for await (const { merged, message, ...change } of log([commit, "--", `:(top,literal)${path}`])) {
      const theirs = merged && (await git(["-c", "log.showSignature=false", "log", "-1", "--format=%B", merged, "--"]));
      yield { ...change, message: theirs ? `${message}\n\n${theirs.trimEnd()}` : message };
    }
  }

  return {
    /**
     * The commit that a branch, tag or SHA names. Throws a `BadInputError` where the folder is no git repository, has no such
     * commit, or only the newest part of its history.
     */
    async resolve(ref: string): Promise<string> {
      const isShallow = await git(["rev-parse", "--is-shallow-repository"]).catch((cause: unknown) => {
        throw new BadInputError(`${folder}: is no git repository`, { cause });
      });
      if (isShallow.trim() === "true") {
        throw new BadInputError(
          `${folder}: only the newest commits are here; bring the rest by: git fetch --unshallow`,
        );
      }
      const named = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`];
      const sha = await git(named).catch((cause: unknown) => {
        throw new BadInputError(`${folder}: there is no commit ${ref}`, { cause });
      });
      return sha.trim();
    },

    /** The commit of the branch's own line that was its newest at a moment; `undefined` when there was none yet. */
    async at(head: string, moment: Date): Promise<string | undefined> {
      for await (const { sha, date } of log([head, "--"])) if (Date.parse(date) <= moment.getTime()) return sha;
      return undefined;
    },

    /** The files under a folder at a commit. */
    async list(commit: string, under: string): Promise<string[]> {
      return (await git(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", under]))
        .split("\0")
        .filter(Boolean);
    },

    read: (commit: string, path: string) => readBlob(git, commit, path),
    changes,
  } satisfies FileHistory & Record<string, unknown>;
}

/** The text of a file at a commit; `undefined` when there is none. */
export async function readBlob(git: Git, commit: string, path: string): Promise<string | undefined> {
  const answer = await git(["cat-file", "--batch=%(objecttype)"], { input: `${commit}:${path}\n` });
  return answer.startsWith("blob\n") ? answer.slice("blob\n".length, -1) : undefined;
}
