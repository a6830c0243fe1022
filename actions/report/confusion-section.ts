import { details, join, type Markdown, md, table } from "#actions/io/markdown.ts";
import type { ReportInput } from "./report-input.ts";

const mostClasses = 12;
const mostPairs = 20;

/** The candidate's confusion matrix; of many classes the pairs that it mistakes most often. */
export function confusion({ evaluation }: ReportInput): Markdown | undefined {
  if (!evaluation) return undefined;
  const { confusion } = evaluation.candidate.metrics;
  const { classes } = evaluation;
  const content = classes.length <= mostClasses ? matrix(classes, confusion) : mistakes(classes, confusion);
  return details("Confusion matrix", content);
}

function matrix(classes: readonly string[], counts: readonly (readonly number[])[]): Markdown {
  const rows = counts.map((row, label) => [
    md`**${classes[label] ?? ""}**`,
    ...row.map((count, answer) => (answer === label ? md`**${count}**` : md`${count === 0 ? "·" : count}`)),
  ]);
  return join([
    table(["is ↓, answered →", ...classes.map((name) => `${name}>`)], rows),
    md`On the diagonal: right answers. A dot is zero.`,
  ]);
}

function mistakes(classes: readonly string[], counts: readonly (readonly number[])[]): Markdown {
  const pairs = counts.flatMap((row, label) =>
    row.flatMap((count, answer) => (count > 0 && answer !== label ? [{ label, answer, count }] : [])),
  );
  if (pairs.length === 0) return md`No example of the ${classes.length} classes was mistaken.`;
  const rows = pairs
    .sort((a, b) => b.count - a.count)
    .slice(0, mostPairs)
    .map(({ label, answer, count }) => [classes[label] ?? "", classes[answer] ?? "", count]);
  return join([
    table(["is", "answered", "examples>"], rows),
    md`The most frequent mistakes among ${classes.length} classes; ${pairs.length} pairs were mistaken at least once.`,
  ]);
}
