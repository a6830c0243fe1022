import { details, join, type Markdown, md, prose, table } from "#actions/io/markdown.ts";
import type { ReportInput } from "./report-input.ts";

const mostRows = 30;
const icons = { pass: "✅", fail: "❌", inconclusive: "⚠️" };
const order = { fail: 0, inconclusive: 1, pass: 2 };

/** Every rule of the gate with its reason, those that did not pass first. */
export function rules({ verdict }: ReportInput): Markdown | undefined {
  if (!verdict) return undefined;
  const sorted = verdict.rules.toSorted((a, b) => order[a.kind] - order[b.kind]);
  const rows = sorted
    .slice(0, mostRows)
    .map(({ name, kind, reason, pValue, method }) => [
      name,
      md`${icons[kind]} ${kind}`,
      prose(reason),
      pValue === undefined ? "" : pValue.toPrecision(2),
      method ?? "",
    ]);
  const passed = verdict.rules.filter(({ kind }) => kind === "pass").length;
  return details(
    `Rules: ${passed} of ${verdict.rules.length} pass`,
    join([
      table(["rule", "result", "why", "p>", "interval by"], rows),
      sorted.length > mostRows ? md`${sorted.length - mostRows} more rules are in verdict.json.` : undefined,
      md`p is McNemar's exact one for the champion (could both models be equally accurate?), and adjusted by Holm's method for slices (is the drop within what is allowed?).`,
    ]),
  );
}
