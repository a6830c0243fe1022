import { link, type Markdown, md, prose, table } from "#actions/io/markdown.ts";
import type { PromoteResult } from "./run.ts";

/** A release by name, and what came of it. */
export interface Told {
  model: string;
  version: string;
  result: PromoteResult;
}

// of several releases, the one that most needs a look
const order = ["refused", "promoted", "proposed", "superseded", "no-op"] as const;

/** What the outputs of the action tell of all releases together. */
export function outcomeOf(told: readonly Told[]) {
  const results = told.map(({ result }) => result);
  const kind = order.find((one) => results.some((result) => result.kind === one)) ?? "no-op";
  const promoted = results.find((result) => result.kind === "promoted");
  const placed = told.filter(({ result }) => result.kind === "promoted" || result.kind === "proposed");
  return {
    kind,
    reason: told
      .map(({ model, version, result }) => `${model} ${version}: ${result.kind}, ${result.reason}`)
      .join("; "),
    commit: promoted?.release.commit.sha,
    pullRequests: results.flatMap((result) => (result.kind === "proposed" ? [result.pullRequest.number] : [])),
    versions: placed.map(({ version }) => version),
  };
}

/** A line for each release, for the summary of the run. */
export function promoteTable(told: readonly Told[], serverUrl: string): Markdown {
  const rows = told.map(({ model, version, result }) => [
    model,
    version,
    md`**${result.kind}**`,
    prose(result.reason),
    where(result, serverUrl),
  ]);
  return table(["model", "version", "", "why", "where"], rows);
}

function where(result: PromoteResult, serverUrl: string): string | Markdown {
  if (result.kind === "proposed") return link(`#${result.pullRequest.number}`, result.pullRequest.url);
  if (result.kind !== "promoted") return "";
  const { repository, sha } = result.release.commit;
  return link(sha.slice(0, 12), `${serverUrl}/${repository}/commit/${sha}`);
}
