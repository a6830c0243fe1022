import { isDeepStrictEqual } from "node:util";
import { BadInputError } from "#config/bad-input.ts";
import type { FileChange, FileHistory } from "./file-history.ts";
import { type Overlay, overlayPath, readOverlay } from "./overlay.ts";
import { parseTrailers, type Trailers } from "./trailers.ts";

/** A release that came into production, and how. */
export interface Placement {
  overlay: Overlay | undefined; // undefined: nothing was promoted
  commit: FileChange; // that put it there
  trailers: Trailers; // of this commit; empty where a person wrote it
}

/**
 * What was in production for a model and environment up to a commit, newest first, as the history of its overlay tells. A commit
 * that changed other lines of the overlay counts as none, and so does one whose overlay can't be read.
 */
export async function* placements(
  files: FileHistory,
  { env, model, at }: { env: string; model: string; at: string },
): AsyncGenerator<Placement> {
  const path = overlayPath(env, model);
  let last: Placement | undefined;
  for await (const commit of files.changes(at, path)) {
    const overlay = await readable(files, commit.sha, path);
    if (overlay === "damaged") continue;
    if (last && !isDeepStrictEqual(last.overlay, overlay)) yield last;
    last = { overlay, commit, trailers: parseTrailers(commit.message, model) };
  }
  if (last) yield last;
}

async function readable(files: FileHistory, commit: string, path: string): Promise<Overlay | undefined | "damaged"> {
  const source = await files.read(commit, path);
  try {
    return source === undefined ? undefined : readOverlay(source);
  } catch (error) {
    if (error instanceof BadInputError) return "damaged";
    throw error;
  }
}
