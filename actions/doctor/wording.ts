import { type Markdown, prose, table } from "#actions/io/markdown.ts";
import type { Finding } from "./finding.ts";

const words: Record<Finding["kind"], string> = { ok: "ok", advice: "advice", unknown: "unknown", problem: "PROBLEM" };
const signs: Record<Finding["kind"], string> = { ok: "✅", advice: "💡", unknown: "❔", problem: "❌" };
const margin = " ".repeat(9);

/** Findings for a terminal: one a line, the remedy below. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.flatMap((finding) => [
    `${words[finding.kind].padEnd(margin.length)}${finding.about}: ${finding.reason}`,
    ...("remedy" in finding ? [`  remedy: ${finding.remedy}`] : []),
  ]);
  return lines.map((line) => line.replaceAll("\n", `\n${margin}`).replace(/^ {2}remedy/, `${margin}remedy`)).join("\n");
}

/** Findings for a run's summary. */
export function findingsTable(findings: readonly Finding[]): Markdown {
  const rows = findings.map((finding) => [
    { markdown: signs[finding.kind] },
    prose(finding.about),
    prose(finding.reason),
    prose("remedy" in finding ? finding.remedy : ""),
  ]);
  return table(["", "what", "found", "what to do"], rows);
}

/** The end of it in a sentence. */
export function summed(findings: readonly Finding[]): string {
  const count = (kind: Finding["kind"]) => findings.filter((finding) => finding.kind === kind).length;
  const problems = count("problem");
  const told = problems === 0 ? "no problem" : `${problems} problem${problems === 1 ? "" : "s"}`;
  return `${told}; ${count("unknown")} unknown, ${count("advice")} advised, ${count("ok")} ok`;
}
