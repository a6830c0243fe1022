import { namingOverlay, type Overlay, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";
import type { ProposalPlan, Proposals } from "#actions/gitops/proposals.ts";
import { BadInputError } from "#config/bad-input.ts";
import { codeCommit, readSource } from "./commit.ts";
import { type Considerations, consider, overlayOf, type Promotable } from "./consider.ts";
import { bodyOf, messageOf } from "./message.ts";
import type { PromoteResult } from "./run.ts";
import { storyOf } from "./story.ts";

type Told = Exclude<PromoteResult, { kind: "promoted" | "proposed" }> | { kind: "proposed"; reason: string };
type Planned = ProposalPlan<Told>;

/**
 * Proposes a release by the pull request of its model and environment. It has to be newer than what is in place and than what
 * is proposed already; a proposal that may no longer be merged is closed.
 */
export async function proposeRelease(
  release: Promotable,
  proposals: Proposals,
  about: Considerations,
): Promise<PromoteResult> {
  const { model } = release;
  const commit = await codeCommit(release, about);
  const { value, pull } = await proposals.propose(release, async ({ head, open }): Promise<Planned> => {
    const { path, source } = await readSource(proposals.target, head, release);
    return await namingOverlay(path, async (): Promise<Planned> => {
      const current = readOverlay(source);
      const overlay = overlayOf(release, source, about);
      const { kind, reason } = await consider({ model, overlay, current }, about);
      const text = open && (await proposals.target.read(open.headSha, path));
      const proposed = text === undefined ? undefined : readable(text);
      const standing = proposed && (await consider({ model, overlay: proposed, current }, about));
      const isStanding = standing?.kind === "promote";
      if (kind !== "promote") {
        const why = standing?.reason ?? "what is proposed here can not be read";
        return { kind: "done", value: { kind, reason }, close: isStanding ? undefined : `Closed: ${why}.` };
      }
      const beside = isStanding ? await consider({ model, overlay, current: proposed }, about) : undefined;
      if (beside?.kind === "superseded") {
        return { kind: "done", value: { kind: "superseded", reason: `${beside.reason}; ${open?.url} proposes it` } };
      }
      const step = { release, image: overlay.image, reason, from: current?.version, commit };
      const files = { [path]: writeOverlay(source, { ...overlay, ...storyOf(release, { current, commit }) }) };
      const value: Told = { kind: "proposed", reason };
      if (text === files[path]) return { kind: "keep", value };
      return { kind: "change", value, proposal: { files, message: messageOf([step]), body: bodyOf(step) } };
    });
  });
  if (value.kind !== "proposed") return value;
  if (!pull) throw new Error("a proposal without a pull request");
  return { ...value, release, pullRequest: { number: pull.number, url: pull.url } };
}

// What others made unreadable there stands for nothing
function readable(text: string): Overlay | undefined {
  try {
    return readOverlay(text);
  } catch (error) {
    if (error instanceof BadInputError) return undefined;
    throw error;
  }
}
