import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { devNull } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommitResult, Committer } from "./committer.ts";
import { readBlob } from "./file-history.ts";
import { createGit, GitError } from "./git.ts";
import { inTurn } from "./turn.ts";

/** A file of a tree: its blob, or its removal. */
export interface Entry {
  readonly path: string;
  readonly mode: string; // of git: 100644, 100755
  readonly blob: string | undefined; // undefined: remove the path
}

/** A commit to make from blobs. `refs` (name to object) move in the same transaction as the branch. */
export interface EntryChange {
  readonly expectedHead: string | undefined; // undefined: the first commit
  readonly message: string;
  readonly entries: readonly Entry[];
  readonly refs?: Readonly<Record<string, { from: string | undefined; to: string }>>;
}

export type LocalGit = ReturnType<typeof createLocalGit>;

const branch = "main";
const absent = "0".repeat(40);
const tries = 20; // for the work tree, 25 ms on average between them

/** A git command whose configuration is its own: no user's identity, hooks or line-end rules take part. */
export function createPlainGit(repository: string, workTree: string) {
  const name = "Slipway";
  const email = "slipway@localhost";
  return createGit({
    folder: workTree,
    environment: {
      GIT_DIR: join(repository, ".git"),
      GIT_WORK_TREE: workTree,
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_LITERAL_PATHSPECS: "1",
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
    },
  });
}

/**
 * The GitOps repository of one machine, in `folder`. A commit is put together beside the work tree and lands by
 * comparing and swapping the branch's head, so any number of processes may commit at once. The work tree follows,
 * unless someone has changes of their own in it.
 */
export function createLocalGit(folder: string) {
  const git = createPlainGit(folder, folder);

  async function withIndex<T>(work: (environment: { GIT_INDEX_FILE: string }) => Promise<T>): Promise<T> {
    const index = join(folder, ".git", `index-${randomUUID()}`);
    try {
      return await work({ GIT_INDEX_FILE: index });
    } finally {
      await rm(index, { force: true });
    }
  }

  async function treeOf(head: string | undefined, entries: readonly Entry[]): Promise<string> {
    return await withIndex(async (environment) => {
      await git(["read-tree", head ?? "--empty"], { environment });
      const lines = entries.map(({ mode, blob, path }) =>
        blob ? `${mode} ${blob} 0\t${path}\0` : `0 ${absent}\t${path}\0`,
      );
      await git(["update-index", "-z", "--replace", "--index-info"], { environment, input: lines.join("") });
      return (await git(["write-tree"], { environment })).trim();
    });
  }

  async function head(): Promise<string> {
    return (await git(["rev-parse", "--verify", `refs/heads/${branch}`])).trim();
  }

  async function commitEntries({ expectedHead, message, entries, refs = {} }: EntryChange): Promise<CommitResult> {
    const tree = await treeOf(expectedHead, entries);
    const parent = expectedHead ? ["-p", expectedHead] : [];
    const sha = (await git(["commit-tree", tree, ...parent], { input: `${message.trimEnd()}\n` })).trim();
    const moves = { [`refs/heads/${branch}`]: { from: expectedHead, to: sha }, ...refs };
    const lines = Object.entries(moves).map(([ref, { from, to }]) => `update ${ref} ${to} ${from ?? absent}\n`);
    try {
      await git(["update-ref", "--stdin"], { input: lines.join("") });
    } catch (error) {
      // Taken by another: its lock is held right now, or the head is no longer what it was
      if (error instanceof GitError && error.stderr.includes("cannot lock ref"))
        return { kind: "stale", reason: error.stderr.trim() };
      throw error;
    }
    await refreshWorkTree();
    return { kind: "committed", sha };
  }

  async function refreshWorkTree(): Promise<void> {
    for (let attempt = 0; attempt < tries; attempt++) {
      if (await succeeds(["diff-index", "--cached", "--quiet", `refs/heads/${branch}`])) return;
      try {
        await git(["update-index", "-q", "--refresh"]);
        await git(["diff-files", "--quiet"]);
        await git(["reset", "--quiet", "--hard"]);
        return;
      } catch (error) {
        if (!(error instanceof GitError) || error.exitCode === undefined) throw error;
        await sleep(Math.random() * 50); // another process refreshes it right now, or it holds someone's changes
      }
    }
  }

  async function succeeds(command: readonly string[]): Promise<boolean> {
    try {
      await git(command);
      return true;
    } catch (error) {
      if (error instanceof GitError && error.exitCode !== undefined) return false;
      throw error;
    }
  }

  async function blobOf(text: string): Promise<string> {
    return (await git(["hash-object", "-w", "--stdin"], { input: text })).trim();
  }

  const committer: Committer = {
    repository: folder,
    branch,
    head,
    read: (commit, path) => readBlob(git, commit, path),
    inTurn: (work) => inTurn(join(folder, ".git", "slipway-turn.lock"), work),
    async commit({ expectedHead, message, files }) {
      const entries = await Promise.all(
        Object.entries(files).map(async ([path, text]): Promise<Entry> => {
          return { path, mode: "100644", blob: text === undefined ? undefined : await blobOf(text) };
        }),
      );
      return await commitEntries({ expectedHead, message, entries });
    },
  };
  return { git, committer, withIndex, commitEntries, blobOf, refreshWorkTree };
}
