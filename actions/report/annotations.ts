import type { Annotation } from "#actions/io/annotate.ts";
import { plainLine } from "#actions/io/escape.ts";
import type { Verdict } from "#training/verdict.ts";

const mostOfALevel = 10; // that GitHub keeps of a step
const longest = 1000;

/** An annotation at the model's `file` for each rule that did not pass: errors for failed ones, warnings for inconclusive ones. */
export function annotationsOf(
  { model, file }: { model: string; file: string },
  verdict: Verdict | undefined,
): Annotation[] {
  const of = (kind: "fail" | "inconclusive", level: Annotation["level"]): Annotation[] => {
    const rules = verdict?.rules.filter((rule) => rule.kind === kind) ?? [];
    const shown = rules.length > mostOfALevel ? rules.slice(0, mostOfALevel - 1) : rules;
    const left = rules.length - shown.length;
    const about = { level, file };
    return [
      ...shown.map(({ name, reason }) => ({
        ...about,
        title: plainLine(`${model}: ${name}`, longest),
        message: plainLine(reason, longest),
      })),
      ...(left > 0
        ? [{ ...about, title: `${model}: more rules`, message: `${left} more rules, told in the report` }]
        : []),
    ];
  };
  return [...of("fail", "error"), ...of("inconclusive", "warning")];
}
