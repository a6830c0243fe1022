import type { CodeHistory } from "#actions/gitops/code-history.ts";
import { type Committer, land, type Plan } from "#actions/gitops/committer.ts";
import { imageTag } from "#actions/gitops/image-tag.ts";
import { type Decision, decide } from "#actions/gitops/order.ts";
import { imageNameOf, type Overlay, overlayPath, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";
import { type CodeCommit, formatTrailers, oneLine } from "#actions/gitops/trailers.ts";
import { BadInputError } from "#config/bad-input.ts";
import type { Promotion } from "#config/schema.ts";
import type { Digest } from "#training/candidate.ts";
import type { Image, Release } from "#training/release.ts";

export type Promotable = Exclude<Release, { state: "promoted" }>;
export type Promoted = Extract<Release, { state: "promoted" }>;

/** `superseded`: a newer release is in place. `refused`: this one must not run. Both left everything as it was. */
export type PromoteResult =
  | { kind: "promoted"; release: Promoted; reason: string }
  | { kind: "no-op" | "superseded" | "refused"; reason: string };

/** What a promotion stands on. */
export interface PromoteParts {
  committer: Committer;
  history: CodeHistory;
  order: Promotion["order"];
  servingTree: Digest; // of the folder serving/: part of the tag of an image that was not built yet
  /** Why a version must not run, from its tag `blocked` in the registry; `undefined` when it may. */
  blocked: (version: string) => Promise<string | undefined>;
  rollback?: boolean;
}

/**
 * Writes a release into the overlay of its model and environment: one commit that changes scalars only. The decision
 * is taken anew on each head, so of many promotions at once every one lands or is told why not.
 * Throws a `BadInputError` where the overlay is absent or cannot carry the release.
 */
export async function promote(release: Promotable, parts: PromoteParts): Promise<PromoteResult> {
  const { committer, history } = parts;
  const commit = release.gitSha === undefined ? undefined : await history.commit(release.gitSha);
  let promoted: { image: Image; reason: string } | undefined;

  const landed = await land(committer, async (head): Promise<Plan<PromoteResult>> => {
    const path = overlayPath(release.env, release.model);
    const source = await committer.read(head, path);
    if (source === undefined) {
      throw new BadInputError(
        `${path}: is not in ${committer.repository}; copy another model's overlay there and put in this one's name`,
      );
    }
    try {
      const image = imageOf(release, source, parts.servingTree);
      const { kind, reason } = await decideOn(release, image, { ...parts, current: readOverlay(source) });
      if (kind !== "promote") return { kind: "done", value: { kind, reason } };
      promoted = { image, reason };
      const files = { [path]: writeOverlay(source, overlayOf(release, image)) };
      return { kind: "change", files, message: messageOf(release, { image, reason, commit }) };
    } catch (error) {
      if (error instanceof BadInputError) throw new BadInputError(`${path}: ${error.message}`, { cause: error });
      throw error;
    }
  });

  if (landed.kind === "done") return landed.value;
  if (!promoted) throw new Error("a commit landed that no plan made");
  const { repository, branch } = committer;
  const { image, reason } = promoted;
  const commitReference = { repository, branch, sha: landed.sha };
  return {
    kind: "promoted",
    reason,
    release: { ...release, state: "promoted", image, commit: commitReference, promotedAt: new Date().toISOString() },
  };
}

function imageOf(release: Promotable, source: string, servingTree: Digest): Image {
  return release.state === "built"
    ? release.image
    : { name: imageNameOf(source), tag: imageTag({ ...release, servingTree }) };
}

async function decideOn(
  release: Promotable,
  image: Image,
  { current, history, order, blocked, rollback = false }: PromoteParts & { current: Overlay | undefined },
): Promise<Decision> {
  const relation = await history.relation(release.gitSha, current?.gitSha);
  const reason = await blocked(release.version);
  return decide({ contender: { ...release, image }, current, relation, order, blocked: reason, rollback });
}

function overlayOf(release: Promotable, image: Image): Overlay {
  const { version, modelDigest, packageUri, contentHash, gitSha, runId } = release;
  return { version, modelDigest, packageUri, contentHash, runId, image, ...(gitSha && { gitSha }) };
}

function messageOf(
  release: Promotable,
  about: { image: Image; reason: string; commit: CodeCommit | undefined },
): string {
  const { model, env, version, runId, modelDigest } = release;
  const trailers = formatTrailers({
    commit: about.commit,
    runId,
    version,
    modelDigest,
    imageDigest: about.image.digest,
  });
  return `Promote ${model} ${oneLine(version)} to ${env}\n\n${oneLine(about.reason)}\n\n${trailers}`;
}
