import { join, link, type Markdown, md, table } from "#actions/io/markdown.ts";
import { metricName, metricText, signedText } from "#training/metric-text.ts";
import { marker } from "./comment.ts";
import { report } from "./report.ts";
import type { ReportInput } from "./report-input.ts";
import { headlines, standing } from "./verdict-section.ts";

/** What a comment on a pull request is made of. */
export interface CommentInput {
  reports: readonly ReportInput[];
  missing: readonly string[]; // models that were to be trained and left no report
  sha: string;
  runUrl: string;
  untrusted: boolean;
}

const mostCharacters = 64_000; // GitHub takes 65,536
const mostRows = 100;
const separator = "\n\n";
const order = { fail: 0, hold: 1, warning: 2, trained: 3, pass: 4 };

const untrustedNote = [
  "> [!WARNING]",
  "> **Untrusted run.** These numbers come from a pull request's own code, which ran without any secret of this repository.",
  "> Nobody has checked them; names of classes and slices are left out. After the merge the model is trained and judged again.",
].join("\n");

/**
 * The one comment on a pull request, all models in it, those that need attention first. Each model gets an equal part of the room,
 * and what the others leave of theirs.
 */
export function commentText({ reports, missing, sha, runUrl, untrusted }: CommentInput): string {
  const sorted = reports.toSorted((a, b) => order[stateOf(a)] - order[stateOf(b)]);
  const isAlone = sorted.length === 1 && missing.length === 0;
  const start = [
    marker,
    ...(untrusted ? [untrustedNote] : []),
    ...(isAlone
      ? []
      : [(sorted.length + missing.length > 0 ? overview(sorted, missing) : nothing(untrusted)).markdown]),
  ].join(separator);
  const end = `<sub>${md`Commit ${sha.slice(0, 10)}, ${link("this run", runUrl)}`.markdown}</sub>\n`;
  let left = mostCharacters - start.length - end.length;
  const texts = sorted.map((input) => report(input));
  const inOrderOfSize = texts.map((text, index) => ({ text, index })).sort((a, b) => a.text.length - b.text.length);
  for (const [position, { text, index }] of inOrderOfSize.entries()) {
    const characters = Math.floor(left / (texts.length - position)) - separator.length;
    const input = sorted[index];
    if (input && text.length > characters) texts[index] = report(input, { characters, wholeUrl: runUrl });
    left -= (texts[index]?.length ?? 0) + separator.length;
  }
  return [start, ...texts.map((text) => text.trimEnd()).filter((text) => text !== ""), end].join(separator);
}

const stateOf = ({ config, verdict }: ReportInput) => standing(config, verdict);

function nothing(untrusted: boolean): Markdown {
  return untrusted
    ? md`That run left no report: nothing had to be trained, or it failed.`
    : md`Nothing in this pull request has to be trained.`;
}

function overview(reports: readonly ReportInput[], missing: readonly string[]): Markdown {
  const rows = [
    ...missing.map((model) => [model, md`💥 no report: its job failed before there was a candidate`, "", ""]),
    ...reports.map(row),
  ];
  const shown = rows.slice(0, mostRows);
  return join([
    table(["model", "gate", "reached>", "against champion>"], shown),
    rows.length > mostRows ? md`${rows.length - mostRows} more models.` : undefined,
  ]);
}

function row(input: ReportInput): (string | Markdown)[] {
  const { candidate, config, evaluation } = input;
  const { metric } = config.gate;
  const { icon, short } = headlines[stateOf(input)];
  const value = evaluation?.candidate.metrics[metric];
  const before = evaluation?.champion?.metrics[metric];
  return [
    candidate.model,
    md`${icon} ${short}`,
    value === undefined ? "" : `${metricName(metric)} ${metricText(metric, value)}`,
    value === undefined || before === undefined ? "" : signedText(metric, value - before),
  ];
}
