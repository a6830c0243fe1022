import { writeFile } from "node:fs/promises";
import type { Committer } from "#actions/gitops/committer.ts";
import type { Proposals } from "#actions/gitops/proposals.ts";
import { BadInputError } from "#config/bad-input.ts";
import { readJsonFile } from "#training/json-file.ts";
import { Release } from "#training/release.ts";
import { commitReleases } from "./commit.ts";
import type { Considerations, Promotable } from "./consider.ts";
import { proposeRelease } from "./propose.ts";

export type Promoted = Extract<Release, { state: "promoted" }>;

/**
 * What became of a release. `proposed`: a pull request asks for it. `superseded`: a newer release is in place or proposed.
 * `refused`: this one must not run. These two and `no-op` left everything as it was.
 */
export type PromoteResult =
  | { kind: "promoted"; release: Promoted; reason: string }
  | { kind: "proposed"; release: Promotable; pullRequest: { number: number; url: string }; reason: string }
  | { kind: "no-op" | "superseded" | "refused"; reason: string };

/** What a promotion stands on. */
export interface PromoteParts extends Considerations {
  committer: Committer;
  proposals?: Proposals | undefined; // promotion.mode: pull-request
}

/**
 * Promotes releases by their files, into `env`; what comes of each is returned in their order, and the file of a promoted one
 * then tells its commit. Throws a `BadInputError` for a file that holds no release.
 */
export async function run(
  { env, releases }: { env: string; releases: readonly string[] },
  parts: PromoteParts,
): Promise<PromoteResult[]> {
  const read = await Promise.all(releases.map(async (file) => ({ ...(await readRelease(file)), env })));
  const results = await promote(read, parts);
  for (const [index, result] of results.entries()) {
    const file = releases[index];
    if (result.kind === "promoted" && file) await writeFile(file, `${JSON.stringify(result.release, null, 2)}\n`);
  }
  return results;
}

/**
 * Promotes releases of several models: all of them in one commit, or each by its own pull request.
 * Throws a `BadInputError` where an overlay is absent or cannot carry its release: then nothing was committed.
 */
export async function promote<const R extends readonly Promotable[]>(
  releases: R,
  { committer, proposals, ...about }: PromoteParts,
): Promise<{ -readonly [K in keyof R]: PromoteResult }> {
  checkDistinct(releases, about);
  const results: PromoteResult[] = [];
  if (!proposals) results.push(...(await commitReleases(releases, committer, about)));
  else for (const release of releases) results.push(await proposeRelease(release, proposals, about));
  return results as { -readonly [K in keyof R]: PromoteResult };
}

function checkDistinct(releases: readonly Promotable[], { imageDigest }: Considerations): void {
  const names = releases.map(({ env, model }) => `${model} in ${env}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new BadInputError(`${twice}: more than one release is to be promoted; name one`);
  if (imageDigest && releases.length > 1) {
    throw new BadInputError(`an image digest belongs to one release, and ${releases.length} are to be promoted`);
  }
}

async function readRelease(file: string): Promise<Promotable> {
  const release = await readJsonFile(file, Release);
  if (release.state !== "promoted") return release;
  const { commit: _, promotedAt: __, image, ...rest } = release; // a step that is run again
  return image.digest ? { ...rest, image, state: "built" } : { ...rest, state: "registered" };
}
