import type { Overlay } from "#actions/gitops/overlay.ts";
import { type CodeCommit, oneLine } from "#actions/gitops/trailers.ts";
import { metricName, metricText } from "#training/metric-text.ts";
import type { Promotable } from "./consider.ts";

type Story = Pick<Overlay, "metric" | "verdict" | "pullRequest">;

const longestVerdict = 500; // characters: many slices make a long one

/**
 * What a release's overlay tells people: how good the model is, what the gate said, and the pull request it came from. Where
 * nothing was judged anew, an image around the same model keeps what was said of that model.
 */
export function storyOf(
  { modelDigest, metric, verdict }: Promotable,
  { current, commit }: { current: Overlay | undefined; commit: CodeCommit | undefined },
): Story {
  const before = current?.modelDigest === modelDigest ? current : undefined;
  return {
    metric: metric ? `${metricName(metric.name)} ${metricText(metric.name, metric.value)}` : before?.metric,
    verdict: verdict ? oneLine(`${verdict.kind}: ${verdict.reason}`.slice(0, longestVerdict)) : before?.verdict,
    pullRequest: pullRequestOf(commit),
  };
}

/** The pull request that GitHub names in the subject of what it merges or squashes; a rebase leaves none. */
function pullRequestOf(commit: CodeCommit | undefined): string | undefined {
  const { subject = "", repositoryUrl = "" } = commit ?? {};
  const number = /^Merge pull request #(\d+) from |\(#(\d+)\)$/.exec(subject)?.slice(1).find(Boolean);
  const url = repositoryUrl.replace(/(\.git)?\/*$/, "");
  return number && /^https?:\/\//.test(url) ? `${url}/pull/${number}` : undefined;
}
