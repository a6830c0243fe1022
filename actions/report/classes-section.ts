import { details, join, type Markdown, md, table } from "#actions/io/markdown.ts";
import { metricText, signedText } from "#training/metric-text.ts";
import type { ReportInput } from "./report-input.ts";

const mostRows = 30;

/** Precision, recall and F1 of each class; of many classes those with the lowest F1. */
export function classes({ evaluation }: ReportInput): Markdown | undefined {
  if (!evaluation) return undefined;
  const { perClass } = evaluation.candidate.metrics;
  const before = new Map(evaluation.champion?.metrics.perClass.map(({ name, f1 }) => [name, f1]));
  const shown = perClass.length > mostRows ? perClass.toSorted((a, b) => a.f1 - b.f1).slice(0, mostRows) : perClass;
  const rows = shown.map(({ name, precision, recall, f1, support }) => {
    const champion = before.get(name);
    const cells = [name, support, ...[precision, recall, f1].map((value) => metricText("macro_f1", value))];
    return champion === undefined ? cells : [...cells, signedText("macro_f1", f1 - champion)];
  });
  const titles = [
    "class",
    "examples>",
    "precision>",
    "recall>",
    "F1>",
    ...(before.size > 0 ? ["F1 against champion>"] : []),
  ];
  return details(
    "Classes",
    join([
      table(titles, rows),
      perClass.length > mostRows ? md`The ${mostRows} classes with the lowest F1, of ${perClass.length}.` : undefined,
    ]),
  );
}
