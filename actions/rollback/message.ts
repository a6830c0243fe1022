import type { IssueText } from "#actions/gitops/issues.ts";
import { formatTrailers, oneLine } from "#actions/gitops/trailers.ts";
import { join, md, prose } from "#actions/io/markdown.ts";
import type { Placed, Wanted } from "./target.ts";

/** A rollback: from which release to which, and why. */
export interface Step extends Wanted {
  bad: Placed;
  to: Placed;
  reason: string; // whatever somebody typed
}

/** Where a rollback is to be found: a commit, or the pull request that asks for it. */
export type Where = { commit: { repository: string; sha: string } } | { pullRequest: { number: number; url: string } };

/** The message of the commit that goes back. */
export function messageOf({ env, model, bad, to, reason }: Step): string {
  const { version, runId, modelDigest, image } = to.overlay;
  const trailers = formatTrailers({
    commit: to.trailers.commit,
    model,
    runId,
    version,
    modelDigest,
    imageDigest: image.digest,
    rolledBack: bad.overlay.version,
    rollbackReason: reason,
  });
  const subject = `Roll back ${model} in ${env} from ${oneLine(bad.overlay.version)} to ${oneLine(version)}`;
  return `${subject}\n\n${oneLine(reason)}\n\n${trailers}`;
}

/** What the pull request of a rollback tells; markdown. */
export function bodyOf({ env, model, bad, to, reason }: Step): string {
  return join([
    md`Merging this takes ${model} in ${env} back from version ${bad.overlay.version} to ${to.overlay.version}.`,
    md`Why: ${prose(reason)}`,
  ]).markdown;
}

/** The issue about a rollback. Its marker names the commit that had brought the bad version: a rollback has one. */
export function issueOf(step: Step, where: Where, unfinished: readonly string[]): IssueText {
  const { env, model, bad, to, reason } = step;
  const { version } = bad.overlay;
  const facts = [
    md`- why: ${prose(reason)}`,
    "commit" in where
      ? md`- commit: ${{ markdown: `${where.commit.repository}@${where.commit.sha}` }}`
      : md`- it is not in production yet: merge ${{ markdown: where.pullRequest.url }}`,
    md`- model: ${{ markdown: `\`${bad.overlay.modelDigest}\`` }}`,
    md`- MLflow run: ${bad.overlay.runId}`,
    bad.overlay.gitSha ? md`- code commit: ${bad.overlay.gitSha}` : undefined,
    ...unfinished.map((line) => md`- **not done**: ${prose(line)}. Run the same rollback again`),
  ];
  return {
    marker: `<!-- slipway:rollback ${env}/${model} ${bad.commit.sha} -->`,
    title: `${model} ${oneLine(version)} was rolled back to ${oneLine(to.overlay.version)} in ${env}`,
    body: join([
      md`Version ${version} of ${model} had to leave ${env}; version ${to.overlay.version} takes its place.`,
      join(facts, "\n"),
      md`As long as version ${version} carries the tag ${{ markdown: "`blocked`" }} in MLflow, no run promotes it. Remove the tag once it may run after all.`,
    ]).markdown,
  };
}
