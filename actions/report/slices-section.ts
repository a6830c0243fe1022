import { join, type Markdown, md, table } from "#actions/io/markdown.ts";
import type { SliceResult } from "#training/evaluation.ts";
import { metricText, signedText } from "#training/metric-text.ts";
import type { ReportInput } from "./report-input.ts";

const mostRows = 15;

/** Slices whose accuracy changed against the champion, the largest drop first. */
export function slices({ evaluation, verdict, config }: ReportInput): Markdown | undefined {
  if (!evaluation?.champion) return undefined;
  const drop = ({ candidate, champion = candidate }: SliceResult) => champion - candidate;
  const moved = evaluation.slices.filter((slice) => drop(slice) !== 0).sort((a, b) => drop(b) - drop(a));
  if (moved.length === 0) return evaluation.slices.length > 0 ? md`No slice moved against the champion.` : undefined;
  const judged = new Map(verdict?.rules.map(({ name, kind }) => [name, kind]));
  const rows = moved
    .slice(0, mostRows)
    .map((slice) => [
      slice.name,
      slice.rows,
      metricText("accuracy", slice.candidate),
      metricText("accuracy", slice.champion ?? null),
      signedText("accuracy", -drop(slice)),
      judged.get(`slice ${slice.name}`) ?? `fewer than ${config.gate.slices.minimumRows} examples: not judged`,
    ]);
  return join([
    md`#### Slices that moved`,
    table(["slice", "examples>", "candidate>", "champion>", "points>", "rule"], rows),
    moved.length > mostRows ? md`${moved.length - mostRows} more slices moved, by less than these dropped.` : undefined,
  ]);
}
