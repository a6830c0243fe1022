import { setTimeout as sleep } from "node:timers/promises";
import { applicationName } from "#actions/gitops/application.ts";
import { readChampion } from "#actions/gitops/champion.ts";
import type { Committer } from "#actions/gitops/committer.ts";
import { Repository } from "#actions/gitops/github-failure.ts";
import type { GitHub } from "#actions/io/github.ts";
import { imageOf, isSame } from "./progress.ts";
import { type Awakening, releaseOf, type Wanted } from "./run.ts";

export interface StatusParts {
  github: GitHub;
  committer: Committer;
  timeoutMs: number;
  pollMs?: number;
  info: (line: string) => void;
}

/** The context of the commit statuses that Argo CD's notifications post (argocd/config/argocd-notifications-cm.yaml). */
export function statusContext(of: { env: string; model: string }): string {
  return `slipway/argocd (${applicationName(of)})`;
}

/**
 * Waits for the status that Argo CD's notifications post on the commit, or on a later one that still has its release: Argo CD
 * may skip commits. For runners without a road to Argo CD's API.
 */
export async function awaitStatus(wanted: Wanted, parts: StatusParts): Promise<Awakening> {
  const { github, committer, timeoutMs, pollMs = 10_000, info } = parts;
  const release = await releaseOf(wanted, committer);
  const awaited = { ...release, image: imageOf(release.image) };
  const context = statusContext(wanted);
  const place = Repository.parse(committer.repository);
  info(`waits for the commit status ${context}`);
  for (const end = Date.now() + timeoutMs; ; await sleep(pollMs)) {
    const head = await committer.head();
    const promoted = await readChampion({ ...committer, head: async () => head }, wanted);
    if (promoted && !isSame(awaited, promoted)) {
      const reason = `the branch now names version ${promoted.version} in the place of ${release.version}`;
      return { kind: "superseded", reason, release };
    }
    for (const ref of await commitsBetween(wanted.commit, head)) {
      const { data } = await github.rest.repos.getCombinedStatusForRef({ ...place, ref, per_page: 100 });
      const status = data.statuses.find((each) => each.context === context);
      const reason = `${context} on ${ref.slice(0, 12)}: ${status?.description ?? status?.state}`;
      if (status?.state === "success") return { kind: "deployed", reason, release };
      if (status && ["failure", "error"].includes(status.state)) return { kind: "failed", reason, release };
    }
    if (Date.now() < end) continue;
    const minutes = Math.round(timeoutMs / 6_000) / 10;
    const reason = `no status ${context} after ${minutes} minutes: do Argo CD's notifications post it (argocd/config)?`;
    return { kind: "timeout", reason, release };
  }

  /** Newest first, `from` last. */
  async function commitsBetween(from: string, to: string): Promise<string[]> {
    if (from === to) return [from];
    const { data } = await github.rest.repos.compareCommitsWithBasehead({ ...place, basehead: `${from}...${to}` });
    return [...data.commits.map(({ sha }) => sha).toReversed(), from];
  }
}
