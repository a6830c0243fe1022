import { type CodeCommit, formatTrailers, oneLine } from "#actions/gitops/trailers.ts";
import { join, type Markdown, md, prose, table } from "#actions/io/markdown.ts";
import type { Digest } from "#training/candidate.ts";
import type { Image } from "#training/release.ts";
import type { Promotable } from "./consider.ts";

/** A release that is going to be promoted, and why. */
export interface Step {
  release: Promotable;
  image: Image;
  reason: string;
  from: string | undefined; // the version in place
  commit: CodeCommit | undefined; // that the release was made from
}

/** The message of the commit that promotes these releases; their trailers stand one after another. */
export function messageOf(steps: readonly [Step, ...Step[]]): string {
  const [first] = steps;
  const names = steps.map(({ release: { model, version } }) => `${model} ${oneLine(version)}`);
  const reasons = steps.map(({ release: { model }, reason }) =>
    steps.length > 1 ? `${model}: ${oneLine(reason)}` : oneLine(reason),
  );
  const isOneCommit = steps.every(({ commit }) => commit?.sha === first.commit?.sha);
  const trailers = steps.map(({ release: { model, runId, version, modelDigest }, image }, index) =>
    formatTrailers({
      commit: index === 0 && isOneCommit ? first.commit : undefined,
      model,
      runId,
      version,
      modelDigest,
      imageDigest: image.digest,
    }),
  );
  return `Promote ${names.join(", ")} to ${first.release.env}\n\n${reasons.join("\n")}\n\n${trailers.join("\n")}`;
}

/** What a pull request tells of the release that it proposes; markdown. */
export function bodyOf({ release, image, reason, from, commit }: Step): string {
  const code = (digest: Digest | undefined) => digest && { markdown: `\`${digest}\`` };
  const facts: [string, string | Markdown | undefined][] = [
    ["Version in place", from ?? "none"],
    ["Version proposed", release.version],
    ["Model", code(release.modelDigest)],
    ["Image", prose(`${image.name}:${image.tag}`)],
    ["", code(image.digest)],
    ["MLflow run", release.runId],
    [release.metric?.name ?? "", String(release.metric?.value ?? "")],
    ["Code", release.gitSha],
    ["", commit && prose(`${commit.subject} (${commit.author})`)],
  ];
  const rows = facts.flatMap(([name, value]) => (value ? [[name, value]] : []));
  return join([
    md`Merging this puts ${release.model} ${release.version} into ${release.env}: ${prose(reason)}.`,
    table(["", ""], rows),
    md`A newer release takes this one's place here. Close this pull request to leave production as it is.`,
  ]).markdown;
}
