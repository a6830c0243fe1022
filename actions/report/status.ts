import { Repository } from "#actions/gitops/github-failure.ts";
import { plainLine } from "#actions/io/escape.ts";
import type { GitHub } from "#actions/io/github.ts";
import { metricName, metricText } from "#training/metric-text.ts";
import { interval } from "./metrics-section.ts";
import { refusal } from "./refusal.ts";
import type { ReportInput } from "./report-input.ts";
import { standing } from "./verdict-section.ts";

/** A commit status as GitHub takes it. */
export interface Status {
  context: string;
  state: "success" | "failure" | "error";
  description: string; // at most 140 characters
}

const longest = 140; // https://docs.github.com/en/rest/commits/statuses

/** What a commit's status tells of the gate: its outcome and the numbers. A held candidate is no success. */
export function statusOf({ candidate, config, evaluation, verdict }: ReportInput): Status {
  const context = `slipway/gate (${candidate.model})`;
  if (!verdict || !evaluation) return { context, state: "error", description: "trained, and not judged" };
  const now = standing(config, verdict);
  const state = now === "pass" || now === "warning" ? "success" : "failure";
  if (now !== "pass") {
    const words = { fail: "fails", hold: "held", warning: "warning", trained: "" };
    const deciding = verdict.rules.find(({ kind }) => kind === verdict.kind);
    return { context, state, description: plainLine(`${words[now]}: ${deciding?.reason ?? verdict.reason}`, longest) };
  }
  const { metric } = config.gate;
  const value = evaluation.candidate.metrics[metric];
  const before = evaluation.champion?.metrics[metric];
  const rule = verdict.rules.find(({ name }) => name === "champion");
  const against = before === undefined ? "no champion" : `champion ${metricText(metric, before)}`;
  const bounds = rule && interval(metric, rule);
  const numbers = `${metricName(metric)} ${metricText(metric, value)} (${against}${bounds ? `, difference ${bounds}` : ""})`;
  return {
    context,
    state,
    description: plainLine(`${numbers} on ${evaluation.rows} ${evaluation.role} examples`, longest),
  };
}

/** Sets the status on a commit; `undefined` when done, else why it could not be. Throws nothing. */
export async function postStatus(
  github: GitHub,
  { repository, sha, url }: { repository: string; sha: string; url: string },
  status: Status,
): Promise<string | undefined> {
  try {
    await github.rest.repos.createCommitStatus({ ...Repository.parse(repository), sha, ...status, target_url: url });
    return undefined;
  } catch (error) {
    return refusal(error);
  }
}
