import { z } from "zod";
import { createGit, type Git, GitError } from "./git.ts";
import type { Relation } from "./order.ts";
import type { CodeCommit } from "./trailers.ts";

/** What the code's repository knows of the commits that models were made from. */
export interface CodeHistory {
  /** How `ours` relates to `theirs`. */
  relation(ours: string | undefined, theirs: string | undefined): Promise<Relation>;
  /** `undefined` when the commit is not to be found. */
  commit(sha: string): Promise<CodeCommit | undefined>;
}

const Sha = z.string().regex(/^[0-9a-f]{40}$/);

/** The history of the checkout at `root`, read only. A folder that is no checkout knows no commit. */
export function createCodeHistory(root: string): CodeHistory {
  const git = createGit({ folder: root });
  return {
    async relation(ours, theirs) {
      if (!Sha.safeParse(ours).success || !Sha.safeParse(theirs).success) return "unknown";
      if (ours === theirs) return "same";
      const newer = await isAncestor(git, theirs as string, ours as string);
      if (newer === undefined) return "unknown";
      if (newer) return "newer";
      if (await isAncestor(git, ours as string, theirs as string)) return "older";
      return (await isShallow(git)) ? "unknown" : "diverged"; // what was cut off may join them
    },
    async commit(sha) {
      if (!Sha.safeParse(sha).success) return undefined;
      const format = "--format=%an%x00%ae%x00%aI%x00%s%x00%b";
      const shown = await orUndefined(
        git(["-c", "log.showSignature=false", "log", "-1", "--no-color", format, sha, "--"]),
      );
      if (shown === undefined) return undefined;
      const [author = "", email = "", date = "", subject = "", body = ""] = shown.split("\0");
      const repositoryUrl = withoutCredentials(await orUndefined(git(["remote", "get-url", "origin"])));
      return { sha, author, email, date, subject, body: body.trim(), ...(repositoryUrl ? { repositoryUrl } : {}) };
    },
  };
}

async function isAncestor(git: Git, ancestor: string, commit: string): Promise<boolean | undefined> {
  try {
    await git(["merge-base", "--is-ancestor", ancestor, commit]);
    return true;
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) return false;
    if (error instanceof GitError && error.exitCode !== undefined) return undefined;
    throw error;
  }
}

async function isShallow(git: Git): Promise<boolean> {
  return (await git(["rev-parse", "--is-shallow-repository"])).trim() === "true";
}

async function orUndefined(call: Promise<string>): Promise<string | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof GitError && error.exitCode !== undefined) return undefined;
    throw error;
  }
}

// A clone made with a token in its URL must not put it into the history of another repository
function withoutCredentials(url: string | undefined): string | undefined {
  return url?.trim().replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1");
}

/** What the first of several histories knows that knows it. */
export function firstKnown(histories: readonly CodeHistory[]): CodeHistory {
  return {
    async relation(ours, theirs) {
      for (const history of histories) {
        const relation = await history.relation(ours, theirs);
        if (relation !== "unknown") return relation;
      }
      return "unknown";
    },
    async commit(sha) {
      for (const history of histories) {
        const commit = await history.commit(sha);
        if (commit) return commit;
      }
      return undefined;
    },
  };
}
