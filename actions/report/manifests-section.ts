import { codeBlock, details, join, type Markdown, md, prose } from "#actions/io/markdown.ts";
import type { ReportInput } from "./report-input.ts";

const mostLines = 150;

/** What a promotion would change in the manifests. */
export function manifests({ candidate, manifests }: ReportInput): Markdown | undefined {
  if (!manifests) return undefined;
  if (manifests.kind === "unknown") {
    return details("Manifests", md`What ${candidate.env} would change is not known: ${prose(manifests.reason)}.`);
  }
  const { kind, reason, changes } = manifests;
  if (changes.length === 0) return details("Manifests: no change", md`The same as what ${candidate.env} runs now.`);
  const lines = changes.flatMap(({ where, lines }) => [`# ${where.join(", ")}`, ...lines]);
  const title = kind === "rendered" ? "Manifests: what a promotion changes in the cluster" : "Manifests: the overlay";
  return details(
    title,
    join([
      reason === undefined ? undefined : md`Not rendered: ${prose(reason)}.`,
      codeBlock("diff", lines.slice(0, mostLines)),
      lines.length > mostLines ? md`${lines.length - mostLines} more lines.` : undefined,
    ]),
  );
}
