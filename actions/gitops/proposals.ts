import { setTimeout as sleep } from "node:timers/promises";
import type { GitHub } from "#actions/io/github.ts";
import { BadInputError } from "#config/bad-input.ts";
import type { Committer } from "./committer.ts";
import { createProposalBranch } from "./proposal-branch.ts";
import { createPullRequests, type PullRequest } from "./pull-requests.ts";
import { parseTrailers } from "./trailers.ts";

/** A change that people shall merge. */
export interface Proposal {
  files: Readonly<Record<string, string>>; // whole texts by path
  message: string; // of the commit: subject, blank line, body with trailers
  body: string; // of the pull request, markdown; its title is the subject
}

/** What to make of the target as it is and of what is proposed to it now. */
export type ProposalPlan<T> =
  | { kind: "change"; value: T; proposal: Proposal }
  | { kind: "keep"; value: T } // what is proposed is right
  | { kind: "done"; value: T; close?: string | undefined }; // why what is proposed is of no use any more

/** Where a plan finds things: a commit of the target, and the head of the open pull request. */
export interface ProposalState {
  head: string;
  open: PullRequest | undefined;
}

export type Proposals = ReturnType<typeof createProposals>;

const attempts = 20;
const longestDelayMs = 1_000;
const othersCommits =
  "Others have committed here. A new pull request takes this one's place; their commits stay in this one.";

/** The branch from which the releases of a model and environment are proposed. */
export function proposalBranch({ env, model }: { env: string; model: string }): string {
  return `slipway/promote/${env}/${model}`;
}

/**
 * Pull requests to the branch of a committer, where it may not be committed to. A model and environment has one that is open. It
 * holds one commit on the target's newest, so that no merge brings a release into the history that was only ever proposed.
 */
export function createProposals({ github, target }: { github: GitHub; target: Committer }) {
  const { repository } = target;
  return {
    target,

    /** Plans on the target's head and on what is proposed, and proposes; looks again when another was faster. */
    async propose<T>(
      about: { env: string; model: string },
      plan: (state: ProposalState) => Promise<ProposalPlan<T>>,
    ): Promise<{ value: T; pull?: PullRequest | undefined }> {
      const branch = proposalBranch(about);
      const ours = createProposalBranch({ github, repository, branch });
      const pulls = createPullRequests({ github, repository, from: branch, to: target.branch });
      for (let attempt = 0; attempt < attempts; attempt++) {
        const [head, from, known] = await Promise.all([target.head(), ours.head(), pulls.list()]);
        const open = known.find(({ isOpen }) => isOpen);
        const planned = await plan({ head, open });
        if (planned.kind === "keep") return { value: planned.value, pull: open };
        if (planned.kind === "done") {
          if (open && planned.close !== undefined) await pulls.close(open, planned.close);
          return { value: planned.value };
        }
        const isOurs = from === undefined || (await ours.isOneCommit({ from, target: head }, isPromotion));
        if (!isOurs && !known.some(({ headSha }) => headSha === from)) {
          throw new BadInputError(
            `${repository}: ${branch} holds commits of others that no pull request keeps; rename or delete this branch`,
          );
        }
        if (open && !isOurs) await pulls.close(open, othersCommits);
        const { files, message, body } = planned.proposal;
        if (await ours.replace(from, { onto: head, message, files })) {
          const [title = ""] = message.split("\n");
          return { value: planned.value, pull: await pulls.put(isOurs ? open : undefined, { title, body }) };
        }
        await sleep(Math.random() * longestDelayMs);
      }
      throw new Error(`${repository}: ${branch} could not be moved in ${attempts} tries`);
    },
  };
}

function isPromotion(message: string): boolean {
  return parseTrailers(message).modelDigest !== undefined;
}
