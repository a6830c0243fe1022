import { setTimeout as sleep } from "node:timers/promises";

/** A commit to make: whole texts by path (`undefined` deletes), on top of the head it was computed from. */
export interface Change {
  expectedHead: string;
  message: string; // subject, blank line, body with trailers
  files: Readonly<Record<string, string | undefined>>;
}

/** `stale`: the branch has moved past `expectedHead`, or is being moved; nothing was written. */
export type CommitResult = { kind: "committed"; sha: string } | { kind: "stale"; reason: string };

/** One branch of the repository that the cluster follows. History only grows: nothing is forced. */
export interface Committer {
  readonly repository: string; // folder, or owner/name
  readonly branch: string;
  head(): Promise<string>;
  /** The file's text at a commit; `undefined` when there is none. */
  read(commit: string, path: string): Promise<string | undefined>;
  commit(change: Change): Promise<CommitResult>;
  /** Does `work` when others that commit from here are not at it, where the repository can tell; else at once. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** What a plan makes of the branch as it is now: a change to it, or an answer without one. */
export type Plan<T> = { kind: "change"; files: Change["files"]; message: string } | { kind: "done"; value: T };

/** How it ended: with a commit, or with the plan's own answer. */
export type Landed<T> = { kind: "committed"; sha: string } | { kind: "done"; value: T };

const longestDelayMs = 2_000;

/**
 * Plans on the branch's head and commits; when another got there first, reads, plans and commits again. The random delay
 * before grows with the tries and with how long one takes, so that many at once get out of each other's way. Throws
 * when `attempts` were not enough.
 */
export async function land<T>(
  committer: Committer,
  plan: (head: string) => Promise<Plan<T>>,
  { attempts = 60 }: { attempts?: number } = {},
): Promise<Landed<T>> {
  return await committer.inTurn(() => landWithin(attempts, committer, plan));
}

async function landWithin<T>(
  attempts: number,
  committer: Committer,
  plan: (head: string) => Promise<Plan<T>>,
): Promise<Landed<T>> {
  let reason = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    const startMs = performance.now();
    const expectedHead = await committer.head();
    const planned = await plan(expectedHead);
    if (planned.kind === "done") return planned;
    const result = await committer.commit({ expectedHead, message: planned.message, files: planned.files });
    if (result.kind === "committed") return result;
    reason = result.reason;
    const triedMs = performance.now() - startMs;
    await sleep(Math.random() * Math.min(longestDelayMs, triedMs * 2 ** attempt));
  }
  const { repository, branch } = committer;
  throw new Error(`${repository}: ${branch} could not be moved in ${attempts} tries, the last: ${reason}`);
}
