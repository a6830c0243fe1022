import type { Event } from "#actions/io/event.ts";
import type { GitHub } from "#actions/io/github.ts";
import { type CommentResult, comment } from "./comment.ts";
import { commentText } from "./comment-text.ts";
import { type Found, findPullRequest } from "./find-pull-request.ts";
import type { ReportInput } from "./report-input.ts";

/** What to publish, and where it came from. */
export interface Publication {
  github: GitHub;
  event: Event;
  reports: readonly ReportInput[];
  missing: readonly string[]; // models that were to be trained and left no report
  pullRequest?: number | undefined; // where the event does not tell it
  untrusted: boolean; // the reports come from the run that ended (`workflow_run`)
}

/** Comments on the pull request that the reports are about. Throws nothing that GitHub may answer. */
export async function publish(publication: Publication): Promise<{ text: string; result: CommentResult }> {
  const { github, event, reports, missing, untrusted } = publication;
  const run = untrusted ? event.workflowRun : undefined;
  const sha = run?.head.sha ?? event.pullRequest?.headSha ?? event.sha;
  const text = commentText({ reports, missing, sha, runUrl: run?.url ?? event.runUrl, untrusted });
  const found = await pullRequestOf(publication);
  if (found.kind === "none") return { text, result: found };
  const target = { github, repository: event.repository, pullRequest: found.number };
  return { text, result: await comment(target, text, reports.length + missing.length > 0) };
}

async function pullRequestOf({ github, event, pullRequest, untrusted }: Publication): Promise<Found> {
  const number = pullRequest ?? event.pullRequest?.number;
  if (number !== undefined) return { kind: "found", number };
  if (!untrusted || !event.workflowRun) return { kind: "none", reason: "this run is not about a pull request" };
  return await findPullRequest(github, event.repository, event.workflowRun.head);
}
