import { details, join, type Markdown, md, table } from "#actions/io/markdown.ts";
import type { ReportInput } from "./report-input.ts";

const mostClasses = 12;

/** Rows by role and class, duplicates, and the fingerprint that names exactly these examples. */
export function data({ candidate }: ReportInput): Markdown {
  const { rows, classes, duplicates, fingerprint } = candidate.data;
  const all = rows.train + rows.validation + rows.test;
  const counts = Object.entries(classes).sort(([, a], [, b]) => b - a);
  const rest = counts.slice(mostClasses).reduce((sum, [, count]) => sum + count, 0);
  return details(
    `Data: ${all.toLocaleString("en-US")} rows, ${counts.length.toLocaleString("en-US")} classes`,
    join([
      table(
        ["train>", "validation>", "test>", "all>", "duplicates>"],
        [[rows.train, rows.validation, rows.test, all, duplicates]],
      ),
      table(
        ["class", "rows>"],
        [
          ...counts.slice(0, mostClasses),
          ...(counts.length > mostClasses ? [[`${counts.length - mostClasses} more classes`, rest]] : []),
        ],
      ),
      md`Fingerprint \`${{ markdown: fingerprint.slice(0, 23) }}\`. Duplicates are rows whose content another row has too; copies never cross from one role to another.`,
    ]),
  );
}
