import type { CodeHistory } from "#actions/gitops/code-history.ts";
import { type Committer, land } from "#actions/gitops/committer.ts";
import { overlayPath } from "#actions/gitops/overlay.ts";
import type { Promotable } from "#actions/promote/consider.ts";
import { type PromoteResult, promote } from "#actions/promote/run.ts";
import { registered, sha256Of } from "#test/parts/release.ts";
import type { Digest } from "#training/candidate.ts";
import type { Image } from "#training/release.ts";
import { registryHost } from "./place.ts";

/** A model and an image around it. */
export interface Built {
  modelDigest: Digest;
  image: Required<Image>;
}

export const where = { env: "dev", model: "iris" };
const path = overlayPath(where.env, where.model);

/** Promotions of iris to dev, made from the code commit `gitSha`; and what people change in its overlay. */
export function createPromotions({
  committer,
  history,
  gitSha,
}: {
  committer: Committer;
  history: CodeHistory;
  gitSha?: string;
}) {
  async function promoteOne(release: Promotable): Promise<PromoteResult> {
    const about = { history, order: "version", server: () => sha256Of("f"), blocked: async () => undefined } as const;
    const [result] = await promote([release], { ...about, committer });
    return result;
  }

  /** A version of a model; without one, nobody has its image. */
  const release = (version: number, built?: Built): Promotable => {
    const image = { name: `${registryHost}/iris`, tag: `t${version}`, digest: sha256Of("e") };
    return { ...registered(version, gitSha), state: "built", image, ...built };
  };

  return {
    release,
    promoteOne,

    /** The commit of a promotion. */
    async promoted(version: number, built?: Built): Promise<string> {
      const result = await promoteOne(release(version, built));
      if (result.kind !== "promoted") throw new Error(`${result.kind}: ${result.reason}`);
      return result.release.commit.sha;
    },

    async change(edit: (source: string) => string): Promise<void> {
      await land(committer, async (head) => {
        const source = (await committer.read(head, path)) ?? "";
        return { kind: "change", message: "Change the overlay", files: { [path]: edit(source) } };
      });
    },
  };
}
