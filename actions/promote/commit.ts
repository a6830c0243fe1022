import { type Committer, land, type Plan } from "#actions/gitops/committer.ts";
import { namingOverlay, overlayPath, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";
import type { CodeCommit } from "#actions/gitops/trailers.ts";
import { BadInputError } from "#config/bad-input.ts";
import { type Considerations, consider, overlayOf, type Promotable } from "./consider.ts";
import { messageOf, type Step } from "./message.ts";
import type { PromoteResult } from "./run.ts";
import { storyOf } from "./story.ts";

type Outcome = Exclude<PromoteResult, { kind: "promoted" | "proposed" }> | ({ kind: "promote" } & Step);

/**
 * Writes the releases that may be promoted into their overlays, in one commit that changes scalars only. All is decided anew on
 * each head, so of many promotions at once every one lands or is told why not.
 */
export async function commitReleases(
  releases: readonly Promotable[],
  committer: Committer,
  about: Considerations,
): Promise<PromoteResult[]> {
  const finding = Promise.all(releases.map((release) => codeCommit(release, about)));
  finding.catch(() => undefined); // awaited where it is needed
  let outcomes: Outcome[] = [];
  const landed = await land(committer, async (head): Promise<Plan<PromoteResult[]>> => {
    const files: Record<string, string> = {};
    outcomes = [];
    for (const [index, release] of releases.entries()) {
      const { path, source } = await readSource(committer, head, release);
      await namingOverlay(path, async () => {
        const current = readOverlay(source);
        const overlay = overlayOf(release, source, about);
        const { kind, reason } = await consider({ model: release.model, overlay, current }, about);
        if (kind !== "promote") return void outcomes.push({ kind, reason });
        const commits = await finding;
        files[path] = writeOverlay(source, { ...overlay, ...storyOf(release, { current, commit: commits[index] }) });
        const { image } = overlay;
        outcomes.push({ kind, reason, release, image, from: current?.version, commit: commits[index] });
      });
    }
    const [first, ...rest] = outcomes.filter((outcome) => outcome.kind === "promote");
    if (!first) return { kind: "done", value: outcomes.filter((outcome) => outcome.kind !== "promote") };
    return { kind: "change", files, message: messageOf([first, ...rest]) };
  });
  if (landed.kind === "done") return landed.value;
  const { repository, branch } = committer;
  const promotedAt = new Date().toISOString();
  return outcomes.map((outcome) => {
    if (outcome.kind !== "promote") return outcome;
    const { release, image, reason } = outcome;
    const commit = { repository, branch, sha: landed.sha };
    return { kind: "promoted", reason, release: { ...release, state: "promoted", image, commit, promotedAt } };
  });
}

/** The commit that a release was made from, where it is known. */
export async function codeCommit({ gitSha }: Promotable, { history }: Considerations): Promise<CodeCommit | undefined> {
  return gitSha === undefined ? undefined : await history.commit(gitSha);
}

/** The text of a release's overlay at a commit. Throws a `BadInputError` where there is none. */
export async function readSource(
  committer: Committer,
  commit: string,
  { env, model }: Promotable,
): Promise<{ path: string; source: string }> {
  const path = overlayPath(env, model);
  const source = await committer.read(commit, path);
  if (source !== undefined) return { path, source };
  throw new BadInputError(
    `${path}: is not in ${committer.repository}; copy another model's overlay there and put in this one's name`,
  );
}
