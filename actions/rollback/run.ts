import type { Committer } from "#actions/gitops/committer.ts";
import type { FileHistory } from "#actions/gitops/file-history.ts";
import { IssueError, type Issues, openIssueOnce } from "#actions/gitops/issues.ts";
import { placements } from "#actions/gitops/placements.ts";
import type { Proposals } from "#actions/gitops/proposals.ts";
import { oneLine } from "#actions/gitops/trailers.ts";
import { BadInputError } from "#config/bad-input.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import { changeManifests } from "./change.ts";
import { issueOf, type Step, type Where } from "./message.ts";
import { createRollbackRegistry } from "./registry.ts";
import { findTarget, type Wanted } from "./target.ts";

export interface RollbackRequest extends Wanted {
  reason: string; // whatever somebody typed; may not be empty
}

/** What a rollback stands on. */
export interface RollbackParts {
  committer: Committer;
  files: FileHistory; // of the committer's branch
  registry: MlflowClient | undefined;
  issues?: Issues | undefined; // where nobody can open one: undefined
  proposals?: Proposals | undefined; // promotion.mode: pull-request
}

interface RolledBack {
  version: string; // in production now
  fromVersion: string;
  reason: string;
  issueUrl: string | undefined;
  unfinished: readonly string[]; // what another run of the same rollback would still do
}

/**
 * `promoted`: the earlier version is in production. `proposed`: it will be once people merge. `no-op`: it was there already; what
 * else was missing has been done. `refused`: nothing has changed.
 */
export type RollbackResult =
  | ({ kind: "promoted"; commit: { repository: string; branch: string; sha: string } } & RolledBack)
  | ({ kind: "proposed"; pullRequest: { number: number; url: string } } & RolledBack)
  | ({ kind: "no-op" } & Partial<RolledBack> & { reason: string; commit?: { sha: string } })
  | { kind: "refused"; reason: string };

/**
 * Takes a model back to an earlier version in one transaction: the bad version is tagged `blocked` with the reason, a commit on
 * top of the branch brings the earlier one back, the alias of the champion follows and an issue is opened. Whatever ends it
 * halfway, the same call again does the rest and nothing twice. MLflow and the issue are never waited for: production goes back
 * without them, and `unfinished` tells what is to be done once they answer.
 * Throws a `BadInputError` where nothing is in production, or never was what is asked for.
 */
export async function rollback(request: RollbackRequest, parts: RollbackParts): Promise<RollbackResult> {
  const { env, model } = request;
  if (oneLine(request.reason) === "") throw new BadInputError("a rollback needs a reason: people will ask for it");
  const { committer, files } = parts;
  const registry = createRollbackRegistry(parts.registry, model);
  const history = placements(files, { env, model, at: await committer.head() });
  const target = await findTarget(request, history, registry.blocked);
  if (!("bad" in target)) return target;

  const { bad, to } = target;
  const { repository, branch } = committer;
  const reason = (target.kind === "complete" && to.trailers.rollbackReason) || request.reason;
  const step: Step = { env, model, bad, to, reason };
  const finish = async (where: Where): Promise<RolledBack> => {
    if ("commit" in where) await registry.moveAlias(env, to.overlay.version);
    const { unfinished } = registry;
    const issueUrl = await openIssue(step, { where, unfinished, issues: parts.issues });
    return { version: to.overlay.version, fromVersion: bad.overlay.version, reason, issueUrl, unfinished };
  };

  await registry.block(bad.overlay.version, reason);
  if (target.kind === "complete") {
    const commit = { repository, branch, sha: to.commit.sha };
    return { kind: "no-op", commit, ...(await finish({ commit })) };
  }
  const changed = await changeManifests(step, parts);
  switch (changed.kind) {
    case "committed": {
      const commit = { repository, branch, sha: changed.sha };
      return { kind: "promoted", commit, ...(await finish({ commit })) };
    }
    case "proposed": {
      const { number, url } = changed.pull;
      return { kind: "proposed", pullRequest: { number, url }, ...(await finish({ pullRequest: { number, url } })) };
    }
    case "overtaken": {
      if (changed.by === "rollback") return await rollback(request, parts); // its rest may be missing
      const { version } = bad.overlay;
      return { kind: "refused", reason: `another release took the place of version ${version} meanwhile; look again` };
    }
  }
}

async function openIssue(
  step: Step,
  { where, unfinished, issues }: { where: Where; unfinished: string[]; issues: Issues | undefined },
): Promise<string | undefined> {
  if (!issues) return undefined;
  try {
    return await openIssueOnce(issues, issueOf(step, where, unfinished), { since: step.bad.commit.date });
  } catch (error) {
    if (!(error instanceof IssueError)) throw error;
    unfinished.push(oneLine(error.message));
    return undefined;
  }
}
