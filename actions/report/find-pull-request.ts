import { Repository } from "#actions/gitops/github-failure.ts";
import type { GitHub } from "#actions/io/github.ts";
import { refusal } from "./refusal.ts";

/** The end of a pull request's branch, as a run of it tells. All of it but the SHA is whatever its author chose. */
export interface Head {
  repository: string; // owner/name, of the fork
  branch: string;
  sha: string;
}

/** What the choice needs of a pull request. */
export interface Pull {
  number: number;
  state: string;
  head: { sha: string; ref: string; repo: { full_name: string } | null };
}

export type Found = { kind: "found"; number: number } | { kind: "none"; reason: string };

/** The one open pull request that still ends in this head; a head that has moved on is reported by its own run. */
export function choosePullRequest(pulls: readonly Pull[], { repository, branch, sha }: Head): Found {
  const none = (reason: string): Found => ({ kind: "none", reason });
  const same = pulls.filter(({ head }) => head.repo?.full_name === repository && head.ref === branch);
  if (same.length === 0) return none("no pull request comes from that branch");
  const open = same.filter(({ state }) => state === "open");
  if (open.length === 0) return none("its pull request is closed");
  const [first, ...more] = open.filter(({ head }) => head.sha === sha);
  if (!first) return none("its pull request has moved on to another commit, whose own run reports");
  if (more.length > 0) return none(`${more.length + 1} pull requests end in that commit`);
  return { kind: "found", number: first.number };
}

/** Asks GitHub which pull request to `repository` a run's head belongs to. Throws nothing. */
export async function findPullRequest(github: GitHub, repository: string, head: Head): Promise<Found> {
  try {
    const from = `${Repository.parse(head.repository).owner}:${head.branch}`;
    const of = { ...Repository.parse(repository), head: from, state: "all", per_page: 100 } as const;
    return choosePullRequest(await github.paginate(github.rest.pulls.list, of), head);
  } catch (error) {
    return { kind: "none", reason: refusal(error) };
  }
}
