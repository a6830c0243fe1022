import { createHash } from "node:crypto";
import type { Digest } from "#training/candidate.ts";

/** The list of a package's files; its own digest names the package. */
export const digestsFile = "digests.txt";

export function sha256(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** What `sha256sum --check` reads: a line a file, sorted by path, so that the same files give the same text. */
export function formatDigests(files: ReadonlyMap<string, Uint8Array | string>): string {
  const paths = [...files.keys()].sort();
  return paths.map((path) => `${sha256(files.get(path) ?? "").slice("sha256:".length)}  ${path}\n`).join("");
}

// Two spaces as sha256sum writes them; segments that start with a letter or digit can't climb out of the folder.
const line = /^(?<hex>[0-9a-f]{64}) {2}(?<path>[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)*)$/;

/** The digest of each path. Throws on a line that is not one, on a path that leaves the folder, and on a path listed twice. */
export function parseDigests(text: string): Map<string, Digest> {
  const digests = new Map<string, Digest>();
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new Error("the last line is cut off");
  for (const [index, entry] of lines.entries()) {
    const groups = line.exec(entry)?.groups;
    if (!groups?.["hex"] || !groups["path"])
      throw new Error(`line ${index + 1} is not a digest, two spaces and a path in the package`);
    if (digests.has(groups["path"])) throw new Error(`line ${index + 1} lists ${groups["path"]} a second time`);
    digests.set(groups["path"], `sha256:${groups["hex"]}`);
  }
  return digests;
}
