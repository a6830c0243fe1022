import { classes } from "./classes-section.ts";
import { confusion } from "./confusion-section.ts";
import { curves } from "./curves-section.ts";
import { data } from "./data-section.ts";
import { metricTable } from "./metrics-section.ts";
import { nextSteps } from "./next-section.ts";
import type { ReportInput } from "./report-input.ts";
import { rules } from "./rules-section.ts";
import { runFacts } from "./run-section.ts";
import { slices } from "./slices-section.ts";
import { verdict } from "./verdict-section.ts";

/** GitHub takes comments of 65,536 characters; the rest is for what a comment adds around the report. */
const mostCharacters = 64_000;

const sections = [verdict, metricTable, nextSteps, slices, rules, curves, confusion, classes, runFacts, data];

/**
 * The road so far as GitHub-flavoured markdown: the verdict first, then what led to it.
 * A section that would make it longer than a comment may be is left out, and the report says so.
 */
export function report(input: ReportInput): string {
  const kept: string[] = [];
  let room = mostCharacters;
  let left = 0;
  for (const section of sections) {
    const text = section(input)?.markdown;
    if (text === undefined) continue;
    if (text.length + 2 > room) left++;
    else {
      kept.push(text);
      room -= text.length + 2;
    }
  }
  if (left > 0) kept.push(`_${left} more sections would make this longer than a comment may be._`);
  return `${kept.join("\n\n")}\n`;
}
