import type { Image } from "#training/release.ts";
import type { Overlay } from "./overlay.ts";

/** How the code commit of a release relates to that of the release in place; `unknown`: one is absent or not to be found. */
export type Relation = "same" | "newer" | "older" | "diverged" | "unknown";

/** A release that wants to be promoted. */
export interface Contender {
  version: string;
  modelDigest: string;
  gitSha?: string | undefined;
  image: Image;
}

/** All that decides whether a release may replace the one in place. */
export interface Contest {
  contender: Contender;
  current: Overlay | undefined;
  relation: Relation;
  order: "commit" | "version";
  blocked?: string | undefined; // why the contender's version must not run, from its tag
}

/** What becomes of a release, and why. */
export type Decision = { kind: "promote" | "no-op" | "superseded" | "refused"; reason: string };

const howBack = "going back on purpose is a rollback";

/**
 * Whether a release may replace the one in place. With `order: commit` the history of the code tells which is newer;
 * where it can't (the same commit, diverged or unknown ones) and with `order: version`, the model version does.
 */
export function decide({ contender, current, relation, order, blocked }: Contest): Decision {
  const name = `version ${contender.version}`;
  if (current && sameContent(contender, current))
    return decision("no-op", `the same model and image as ${name} are in place`);
  if (blocked !== undefined)
    return decision("refused", `${name} is blocked: ${blocked || "no reason given"}; remove the tag to allow it again`);
  if (!current) return decision("promote", `${name} is the first`);
  if (order === "commit" && relation === "older") {
    return decision(
      "superseded",
      `version ${current.version} was made from newer code (${current.gitSha}) than ${name}; ${howBack}`,
    );
  }
  if (order === "commit" && relation === "newer")
    return decision("promote", `${name} was made from newer code than version ${current.version}`);
  return byVersion(contender, current);
}

function sameContent(contender: Contender, current: Overlay): boolean {
  const { image } = contender;
  const sameImage = image.name === current.image.name && image.tag === current.image.tag;
  const sameBytes = image.digest === undefined || image.digest === current.image.digest;
  return contender.modelDigest === current.modelDigest && sameImage && sameBytes;
}

function byVersion(contender: Contender, current: Overlay): Decision {
  const [ours, theirs] = [Number(contender.version), Number(current.version)];
  if (!Number.isInteger(ours) || !Number.isInteger(theirs)) {
    return decision(
      "refused",
      `versions ${contender.version} and ${current.version} are not numbers, and the code's history does not tell which is newer; ${howBack}`,
    );
  }
  if (ours < theirs) return decision("superseded", `version ${theirs} is newer than version ${ours}; ${howBack}`);
  return decision(
    "promote",
    ours === theirs ? `version ${ours} with another image` : `version ${ours} is newer than version ${theirs}`,
  );
}

function decision(kind: Decision["kind"], reason: string): Decision {
  return { kind, reason };
}
