import { join, type Markdown, md, prose } from "#actions/io/markdown.ts";
import { amountText } from "#training/metric-text.ts";
import { outcome } from "#training/outcome.ts";
import type { Verdict } from "#training/verdict.ts";
import type { ReportInput } from "./report-input.ts";

const mostReasons = 8;

/** How each outcome is told: as a headline after the model's name, and in a table. */
export const headlines = {
  trained: { icon: "🏁", words: "is trained, and not yet judged", short: "not judged" },
  pass: { icon: "✅", words: "passes the gate", short: "pass" },
  fail: { icon: "❌", words: "fails the gate", short: "fail" },
  hold: { icon: "⏸️", words: "is held: the gate is inconclusive", short: "held" },
  warning: { icon: "⚠️", words: "passes with a warning: the gate is inconclusive", short: "pass with a warning" },
};

/** What the gate decided, in one line. */
export function headline({ candidate, config, verdict }: ReportInput): Markdown {
  const { icon, words } = headlines[standing(config, verdict)];
  return md`## ${icon} ${candidate.model} ${words}`;
}

/** Where a candidate stands: the gate's outcome, told apart from a pass that warns and from no verdict at all. */
export function standing({ gate }: ReportInput["config"], verdict: Verdict | undefined): keyof typeof headlines {
  if (!verdict) return "trained";
  const { kind } = outcome(verdict, gate.onInconclusive);
  return kind === "pass" && verdict.kind === "inconclusive" ? "warning" : kind;
}

/** The reasons, worst first; then what the examples can tell at all. */
export function reasons({ candidate, evaluation, verdict }: ReportInput): Markdown | undefined {
  if (!verdict) return undefined;
  return join([
    deciding(verdict),
    evaluation &&
      md`${evaluation.rows} **${evaluation.role}** examples${looks(evaluation.looks)}, environment **${candidate.env}**.${sight(verdict)}`,
  ]);
}

/** The reasons of the rules that decided: all that did not pass, or the threshold and the champion. */
function deciding({ kind, rules }: Verdict): Markdown {
  const told = rules.filter((rule) => (kind === "pass" ? !rule.name.startsWith("slice ") : rule.kind !== "pass"));
  const lines = told.slice(0, mostReasons).map(({ reason }) => md`- ${prose(reason)}`);
  const more = told.length - mostReasons;
  return join([...lines, more > 0 ? md`- and ${more} more rules` : undefined], "\n");
}

function looks(times: number): Markdown {
  if (times === 0) return md``;
  const counted = md` (looked at **${times}** ${times === 1 ? "time" : "times"}`;
  return times > 10
    ? md`${counted}: each look makes them a little less of a test, think of fresh ones)`
    : md`${counted})`;
}

function sight({ role, metric, smallestVisibleDrop }: Verdict): Markdown {
  if (smallestVisibleDrop === undefined) return md``;
  return md` This ${role} set cannot see less than **${amountText(metric, smallestVisibleDrop)}** (the smallest true drop that it would find 8 times in 10).`;
}
