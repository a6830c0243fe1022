import { isDeepStrictEqual } from "node:util";
import { type Committer, land, type Plan } from "#actions/gitops/committer.ts";
import { namingOverlay, overlayPath, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";
import type { ProposalPlan, Proposals } from "#actions/gitops/proposals.ts";
import type { PullRequest } from "#actions/gitops/pull-requests.ts";
import { bodyOf, messageOf, type Step } from "./message.ts";

/** What became of the manifests. `overtaken`: another was faster; the same rollback has landed, or another release has. */
export type Changed =
  | { kind: "committed"; sha: string }
  | { kind: "proposed"; pull: PullRequest }
  | { kind: "overtaken"; by: "rollback" | "release" };
type Overtaken = Extract<Changed, { kind: "overtaken" }>;

/** Writes the earlier release into the overlay, as long as the bad one is in it: by a commit or, with `proposals`, a pull request. */
export async function changeManifests(
  step: Step,
  { committer, proposals }: { committer: Committer; proposals?: Proposals | undefined },
): Promise<Changed> {
  if (!proposals) {
    const landed = await land(committer, async (head): Promise<Plan<Overtaken>> => {
      const planned = await planOn(step, committer, head);
      if (planned.kind === "overtaken") return { kind: "done", value: planned };
      return { kind: "change", files: planned.files, message: messageOf(step) };
    });
    return landed.kind === "done" ? landed.value : landed;
  }
  const { value, pull } = await proposals.propose(
    step,
    async ({ head, open }): Promise<ProposalPlan<Overtaken | undefined>> => {
      const planned = await planOn(step, committer, head);
      if (planned.kind === "overtaken") return { kind: "done", value: planned };
      const { files, path } = planned;
      if (open && (await committer.read(open.headSha, path)) === files[path]) return { kind: "keep", value: undefined };
      return { kind: "change", value: undefined, proposal: { files, message: messageOf(step), body: bodyOf(step) } };
    },
  );
  if (value) return value;
  if (!pull) throw new Error("a proposal without a pull request");
  return { kind: "proposed", pull };
}

type Written = { kind: "write"; path: string; files: Record<string, string> };

async function planOn({ env, model, bad, to }: Step, committer: Committer, head: string): Promise<Overtaken | Written> {
  const path = overlayPath(env, model);
  const source = await committer.read(head, path);
  return await namingOverlay(path, () => {
    const current = source === undefined ? undefined : readOverlay(source);
    if (source !== undefined && isDeepStrictEqual(current, bad.overlay)) {
      return { kind: "write", path, files: { [path]: writeOverlay(source, to.overlay) } };
    }
    return { kind: "overtaken", by: isDeepStrictEqual(current, to.overlay) ? "rollback" : "release" };
  });
}
