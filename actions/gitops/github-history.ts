import type { GitHub } from "#actions/io/github.ts";
import type { CodeHistory } from "./code-history.ts";
import type { Committer } from "./committer.ts";
import type { FileHistory } from "./file-history.ts";
import { Repository, statusOf } from "./github-failure.ts";

interface Place {
  github: GitHub;
  repository: string; // owner/name
}

const relations = { ahead: "newer", behind: "older", identical: "same", diverged: "diverged" } as const;
const isSha = (sha: string | undefined): sha is string => /^[0-9a-f]{40}$/.test(sha ?? "");

/** The code's history as GitHub knows it: where the checkout has only the newest commit, or there is none. */
export function createGitHubCodeHistory({ github, repository }: Place): CodeHistory {
  const place = Repository.parse(repository);
  return {
    async relation(ours, theirs) {
      if (!isSha(ours) || !isSha(theirs)) return "unknown";
      if (ours === theirs) return "same";
      const range = { ...place, basehead: `${theirs}...${ours}`, per_page: 1 };
      const answer = await unlessAbsent(github.rest.repos.compareCommitsWithBasehead(range));
      return answer ? relations[answer.data.status] : "unknown";
    },

    async commit(sha) {
      if (!isSha(sha)) return undefined;
      const answer = await unlessAbsent(github.rest.git.getCommit({ ...place, commit_sha: sha }));
      if (!answer) return undefined;
      const { author, message, html_url } = answer.data;
      const [subject = "", ...body] = message.split("\n");
      return {
        sha,
        author: author.name,
        email: author.email,
        date: author.date,
        subject,
        body: body.join("\n").trim(),
        repositoryUrl: html_url.replace(/\/commit\/[^/]*$/, ""),
      };
    },
  };
}

/**
 * The history of the branch that a committer commits to, as GitHub knows it. GitHub tells a merge's own commits instead of the
 * merge; so that none of them was never on the branch, a promotion's pull request has one commit.
 */
export function createGitHubFileHistory({ github, committer }: { github: GitHub; committer: Committer }): FileHistory {
  const place = Repository.parse(committer.repository);
  return {
    read: committer.read,
    async *changes(commit, path) {
      const pages = github.paginate.iterator(github.rest.repos.listCommits, { ...place, sha: commit, path });
      for await (const { data } of pages) {
        for (const { sha, commit: about } of data) {
          const { author, committer: lander, message } = about;
          yield { sha, date: lander?.date ?? "", by: author?.name ?? "", message };
        }
      }
    },
  };
}

// 422 for a SHA that is of no object
async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if ([404, 409, 422].includes(statusOf(error) ?? 0)) return undefined;
    throw error;
  }
}
