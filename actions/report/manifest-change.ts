import { execFile } from "node:child_process";
import { cp, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Overlay, overlayPath, writeOverlay } from "#actions/gitops/overlay.ts";
import { renderedDiff, textDiff } from "./rendered-diff.ts";
import type { ManifestChange } from "./report-input.ts";

const longestBuildMs = 60_000;

/** Programs that render a folder of manifests, with the arguments before the folder. */
export const renderers: readonly (readonly [program: string, ...args: string[]])[] = [
  ["kustomize", "build"],
  ["kubectl", "kustomize"],
];

interface Promotion {
  env: string;
  model: string;
  /** What the overlay would hold, given its text now. */
  promoted: (source: string) => Overlay;
}

/**
 * What a promotion would change in the `manifests/` of the folder `root`, which stays as it is: rendered by the first of the
 * programs that is there and works, else the overlay's own text. Throws nothing: a report is worth having without it.
 */
export async function manifestChange(
  root: string,
  { env, model, promoted }: Promotion,
  programs = renderers,
): Promise<ManifestChange> {
  const path = overlayPath(env, model);
  try {
    const before = await readFile(join(root, path), "utf8");
    const after = writeOverlay(before, promoted(before));
    await using folder = await mkdtempDisposable(join(tmpdir(), "slipway-manifests-"));
    await cp(join(root, "manifests"), join(folder.path, "manifests"), { recursive: true });
    await writeFile(join(folder.path, path), after);
    const rendered = await renderBoth(
      [root, folder.path].map((place) => join(place, dirname(path))),
      programs,
    );
    if ("reason" in rendered) {
      return { kind: "overlay", reason: rendered.reason, changes: [{ where: [path], lines: textDiff(before, after) }] };
    }
    return { kind: "rendered", changes: renderedDiff(rendered.before, rendered.after) };
  } catch (error) {
    return { kind: "unknown", reason: firstLine(error) };
  }
}

async function renderBoth(
  folders: readonly string[],
  programs: typeof renderers,
): Promise<{ before: string; after: string } | { reason: string }> {
  const reasons: string[] = [];
  for (const [program, ...args] of programs) {
    try {
      const [before = "", after = ""] = await Promise.all(
        folders.map(async (folder) => {
          const options = { timeout: longestBuildMs, maxBuffer: 64 * 1024 * 1024 };
          return (await promisify(execFile)(program, [...args, folder], options)).stdout;
        }),
      );
      return { before, after };
    } catch (error) {
      const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
      reasons.push(isAbsent ? `${program} is not on PATH` : firstLine(error));
    }
  }
  return { reason: reasons.join(", ") };
}

function firstLine(error: unknown): string {
  const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  const [line = ""] = (stderr || String(error instanceof Error ? error.message : error)).split("\n");
  return line;
}
