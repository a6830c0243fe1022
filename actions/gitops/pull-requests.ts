import type { GitHub } from "#actions/io/github.ts";
import { explain, Repository, statusOf } from "./github-failure.ts";

/** A pull request from the branch of a proposal. */
export interface PullRequest {
  number: number;
  url: string;
  headSha: string;
  isOpen: boolean;
  title: string;
  body: string;
}

export interface PullRequestText {
  title: string;
  body: string; // markdown
}

/** The pull requests from one branch of a repository to another. */
export function createPullRequests({
  github,
  repository,
  from,
  to,
}: {
  github: GitHub;
  repository: string;
  from: string;
  to: string;
}) {
  const place = Repository.parse(repository);

  /** Open and closed ones, newest first. */
  async function list(): Promise<PullRequest[]> {
    const range = { ...place, head: `${place.owner}:${from}`, base: to, state: "all" as const, per_page: 100 };
    return (await asked("list the pull requests to", () => github.rest.pulls.list(range))).data.map(shaped);
  }

  async function create(text: PullRequestText): Promise<PullRequest> {
    const what = { ...place, ...text, head: from, base: to };
    try {
      return shaped((await github.rest.pulls.create(what)).data);
    } catch (error) {
      // 422: made by another, or by this very call, whose answer was lost
      const there = statusOf(error) === 422 ? (await list()).find(({ isOpen }) => isOpen) : undefined;
      if (there) return await update(there, text);
      throw explain(error, { repository, branch: to, does: `open a pull request from ${from} to` });
    }
  }

  async function update(pull: PullRequest, text: PullRequestText): Promise<PullRequest> {
    if (pull.title === text.title && pull.body === text.body) return pull;
    const what = { ...place, pull_number: pull.number, ...text };
    return shaped((await asked(`change pull request ${pull.number} to`, () => github.rest.pulls.update(what))).data);
  }

  async function asked<T>(does: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw explain(error, { repository, branch: to, does });
    }
  }

  return {
    list,
    /** Opens one with this text, or gives the text to the one that is there. */
    put: (pull: PullRequest | undefined, text: PullRequestText) => (pull ? update(pull, text) : create(text)),
    /** Closes it and says why. */
    async close({ number }: PullRequest, reason: string): Promise<void> {
      await asked(`close pull request ${number} to`, async () => {
        await github.rest.issues.createComment({ ...place, issue_number: number, body: reason });
        await github.rest.pulls.update({ ...place, pull_number: number, state: "closed" });
      });
    },
  };
}

function shaped(pull: {
  number: number;
  html_url: string;
  state: string;
  title: string;
  body: string | null;
  head: { sha: string };
}): PullRequest {
  const { number, html_url: url, state, title, body, head } = pull;
  return { number, url, headSha: head.sha, isOpen: state === "open", title, body: body ?? "" };
}
