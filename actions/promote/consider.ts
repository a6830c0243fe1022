import type { CodeHistory } from "#actions/gitops/code-history.ts";
import { imageTag } from "#actions/gitops/image-tag.ts";
import { type Decision, decide } from "#actions/gitops/order.ts";
import { imageNameOf, type Overlay } from "#actions/gitops/overlay.ts";
import type { Promotion } from "#config/schema.ts";
import type { Digest } from "#training/candidate.ts";
import type { VersionName } from "#training/mlflow/production.ts";
import type { Image, Release } from "#training/release.ts";

export type Promotable = Exclude<Release, { state: "promoted" }>;

/** What decides about a release. */
export interface Considerations {
  history: CodeHistory;
  order: Promotion["order"];
  /** The digest of what serves a model: part of the tag of an image that was not built yet. */
  server: (model: string) => Digest;
  /** The digest of the pushed image of a release that was not marked as built. */
  imageDigest?: Digest | undefined;
  /** Why a version must not run, from its tag `blocked` in the registry; `undefined` when it may. */
  blocked: (version: VersionName) => Promise<string | undefined>;
}

/** The facts that a release writes into the overlay whose text is `source`. */
export function overlayOf(release: Promotable, source: string, of: Considerations): Overlay {
  const { version, modelDigest, packageUri, contentHash, gitSha, runId } = release;
  return {
    version,
    modelDigest,
    packageUri,
    contentHash,
    runId,
    image: imageOf(release, source, of),
    ...(gitSha && { gitSha }),
  };
}

/** Whether what `overlay` says of a model may replace what is in place. */
export async function consider(
  { model, overlay, current }: { model: string; overlay: Overlay; current: Overlay | undefined },
  { history, order, blocked }: Considerations,
): Promise<Decision> {
  const [relation, reason] = await Promise.all([
    history.relation(overlay.gitSha, current?.gitSha),
    blocked({ model, version: overlay.version }),
  ]);
  return decide({ contender: overlay, current, relation, order, blocked: reason });
}

function imageOf(release: Promotable, source: string, { server, imageDigest }: Considerations): Image {
  if (release.state === "built") return release.image;
  const image = { name: imageNameOf(source), tag: imageTag({ ...release, server: server(release.model) }) };
  return imageDigest ? { ...image, digest: imageDigest } : image;
}
