import { randomUUID } from "node:crypto";
import type { GitHub } from "#actions/io/github.ts";
import { createGitHubCommitter } from "./github-committer.ts";
import { explain, Repository, statusOf } from "./github-failure.ts";

/** One commit that a proposal's branch is to hold, on top of `onto`. */
export interface ProposedCommit {
  onto: string;
  message: string;
  files: Readonly<Record<string, string>>;
}

const nothing = "0".repeat(40);
const updateRefs = `
  mutation ($input: UpdateRefsInput!) {
    updateRefs(input: $input) { clientMutationId }
  }`;

/** The branch that changes are proposed from. It is Slipway's own: it is replaced, where the target's history only grows. */
export function createProposalBranch({
  github,
  repository,
  branch,
}: {
  github: GitHub;
  repository: string;
  branch: string;
}) {
  const place = Repository.parse(repository);
  const failed = (error: unknown, does: string) => explain(error, { repository, branch, does });

  async function head(): Promise<string | undefined> {
    try {
      return (await github.rest.git.getRef({ ...place, ref: `heads/${branch}` })).data.object.sha;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw failed(error, "read");
    }
  }

  async function createScratch(scratch: string, sha: string): Promise<void> {
    try {
      await github.rest.git.createRef({ ...place, ref: `refs/heads/${scratch}`, sha });
    } catch (error) {
      const ofThisCall = statusOf(error) === 422 && /already exists/i.test(String(error)); // its answer was lost
      if (!ofThisCall) throw failed(error, `create ${scratch} beside`);
    }
  }

  async function move(scratch: string, { from, to }: { from: string | undefined; to: string }): Promise<boolean> {
    const { data: about } = await github.rest.repos.get(place);
    const refUpdates = [
      { name: `refs/heads/${branch}`, beforeOid: from ?? nothing, afterOid: to, force: true },
      { name: `refs/heads/${scratch}`, beforeOid: to, afterOid: nothing },
    ];
    try {
      await github.graphql(updateRefs, { input: { repositoryId: about.node_id, refUpdates } });
      return true;
    } catch (error) {
      const now = await head();
      if (now === to) return true; // only its answer was lost
      if (now !== from) return false;
      throw failed(error, "move");
    }
  }

  return {
    head,

    /** Whether all that `from` has and `target` has not is at most one commit, whose message is `expected`. */
    async isOneCommit(
      { from, target }: { from: string; target: string },
      expected: (message: string) => boolean,
    ): Promise<boolean> {
      const range = { ...place, basehead: `${target}...${from}`, per_page: 2 };
      const { data } = await github.rest.repos.compareCommitsWithBasehead(range).catch((error: unknown) => {
        throw failed(error, "compare");
      });
      const [one] = data.commits;
      return data.ahead_by === 0 || (data.ahead_by === 1 && one !== undefined && expected(one.commit.message));
    },

    /**
     * Makes the branch that one commit. It is committed to a branch beside first: GitHub closes a pull request for good the
     * moment its branch holds nothing new. `false`: the branch is no longer at `from`, and nothing has changed.
     */
    async replace(from: string | undefined, { onto, message, files }: ProposedCommit): Promise<boolean> {
      const scratch = `slipway/scratch/${randomUUID()}`;
      await createScratch(scratch, onto);
      let isMoved = false;
      try {
        const beside = await createGitHubCommitter({ github, repository, branch: scratch });
        const result = await beside.commit({ expectedHead: onto, message, files });
        isMoved = result.kind === "committed" && (await move(scratch, { from, to: result.sha }));
        return isMoved;
      } finally {
        const ref = `heads/${scratch}`;
        if (!isMoved) await github.rest.git.deleteRef({ ...place, ref }).catch(() => undefined); // the first error tells
      }
    },
  };
}
