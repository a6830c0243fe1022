import { oneLine } from "#actions/gitops/trailers.ts";
import { alignedText } from "#training/aligned-text.ts";
import type { InProduction } from "./run.ts";

const titles = ["ENV", "MODEL", "VERSION", "SINCE", "BY", "PACKAGE", "IMAGE", "MLFLOW RUN", "CODE", "COMMIT"];
const longest = 40; // characters of a cell that people typed

/** The releases as aligned columns; digests and commits by their first digits. */
export function tableOf(releases: readonly InProduction[]): string {
  return alignedText([titles, ...releases.map(cellsOf)], 2);
}

function cellsOf(release: InProduction): string[] {
  const { env, model, version, since, by, modelDigest, image, runId, code, commit, rolledBack } = release;
  const subject = code && "subject" in code ? ` ${code.subject}` : "";
  return [
    env,
    model,
    rolledBack ? `${version} (after ${rolledBack.version})` : version,
    since.replace(/\.\d+/, ""),
    by,
    short(modelDigest),
    image.digest ? short(image.digest) : image.tag,
    runId,
    code ? `${code.sha.slice(0, 8)}${subject}` : "",
    commit.slice(0, 8),
  ].map(shown);
}

function short(digest: string): string {
  return digest.replace("sha256:", "").slice(0, 12);
}

function shown(text: string): string {
  const line = oneLine(text);
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}
