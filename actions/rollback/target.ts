import type { Overlay } from "#actions/gitops/overlay.ts";
import type { Placement } from "#actions/gitops/placements.ts";
import { BadInputError } from "#config/bad-input.ts";

/** A release that was in production. */
export type Placed = Placement & { overlay: Overlay };

/**
 * What a rollback has to do. `go`: from the release in place back to another. `complete`: the commit is made already, by this
 * command or a person who was faster; all else may be missing.
 */
export type Target =
  | { kind: "go"; bad: Placed; to: Placed }
  | { kind: "complete"; bad: Placed; to: Placed }
  | { kind: "no-op" | "refused"; reason: string };

export interface Wanted {
  env: string;
  model: string;
  toVersion?: string | undefined; // the version before the one in place when absent
}

/**
 * Which release a rollback goes back to. `placements` is what was in production, newest first; `blocked` tells why a version
 * must not run. Without `toVersion` it is the newest version before that was neither blocked nor rolled back itself; right after
 * a rollback it is that one again, so that doing it twice goes back once.
 * Throws a `BadInputError` where nothing is in production, or `toVersion` never was.
 */
export async function findTarget(
  { env, model, toVersion }: Wanted,
  placements: AsyncIterable<Placement>,
  blocked: (version: string) => Promise<string | undefined>,
): Promise<Target> {
  const rolledBack = new Set<string>();
  const versions = new Set<string>();
  let bad: Placed | undefined; // in place
  let isCompleting = false;
  for await (const placement of placements) {
    const { rolledBack: gone } = placement.trailers;
    if (!isPlaced(placement)) {
      if (!bad) break;
      continue;
    }
    const { version } = placement.overlay;
    if (!bad) {
      bad = placement;
      isCompleting = gone !== undefined && (toVersion === undefined || toVersion === version);
      if (!isCompleting && toVersion === version)
        return { kind: "no-op", reason: `version ${version} is in production` };
      if (gone !== undefined) rolledBack.add(gone);
      continue;
    }
    if (isCompleting) return { kind: "complete", bad: placement, to: bad };
    versions.add(version);
    const isWanted = toVersion === undefined ? version !== bad.overlay.version : version === toVersion;
    if (isWanted && (toVersion !== undefined || !rolledBack.has(version))) {
      const reason = await blocked(version);
      if (reason === undefined) return { kind: "go", bad, to: placement };
      if (toVersion !== undefined) {
        const why = reason || "no reason given";
        return { kind: "refused", reason: `version ${version} is blocked: ${why}; remove the tag to allow it again` };
      }
    }
    if (gone !== undefined) rolledBack.add(gone);
  }
  if (!bad) throw new BadInputError(`${model} has no version in ${env}: there is nothing to roll back`);
  if (toVersion === undefined) {
    const { version } = bad.overlay;
    return { kind: "refused", reason: `no version before ${version} is known that may run in ${env}; name one` };
  }
  const known = [...versions].join(", ") || "none";
  throw new BadInputError(
    `version ${toVersion} of ${model} was never in production in ${env}; before there was: ${known}`,
  );
}

function isPlaced(placement: Placement): placement is Placed {
  return placement.overlay !== undefined;
}
