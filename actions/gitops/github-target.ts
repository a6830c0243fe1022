import type { GitHub } from "#actions/io/github.ts";
import type { Promotion } from "#config/schema.ts";
import type { Committer } from "./committer.ts";
import type { FileHistory } from "./file-history.ts";
import { createGitHubCommitter } from "./github-committer.ts";
import { createGitHubFileHistory } from "./github-history.ts";
import { createProposals, type Proposals } from "./proposals.ts";

/** A branch on GitHub that releases go to. */
export interface PromotionTarget {
  committer: Committer;
  files: FileHistory;
  proposals: Proposals | undefined; // undefined: releases are committed to the branch
}

/**
 * Opens the branch that `promotion` of the configuration names; `repository` is the one the workflow runs in, and
 * `defaultBranch` its default branch where the event has told it.
 */
export async function openGitHubTarget(
  github: GitHub,
  { repository, defaultBranch }: { repository: string; defaultBranch?: string | undefined },
  promotion: Pick<Promotion, "repository" | "branch" | "mode">,
): Promise<PromotionTarget> {
  const isHere = promotion.repository === undefined || promotion.repository === repository;
  const branch = promotion.branch ?? (isHere ? defaultBranch : undefined);
  const place = { repository: promotion.repository ?? repository, branch };
  const committer = await createGitHubCommitter({ github, ...place });
  const proposals = promotion.mode === "pull-request" ? createProposals({ github, target: committer }) : undefined;
  return { committer, files: createGitHubFileHistory({ github, committer }), proposals };
}
