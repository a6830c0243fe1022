import { link, md } from "#actions/io/markdown.ts";
import { classes } from "./classes-section.ts";
import { confusion } from "./confusion-section.ts";
import { curves } from "./curves-section.ts";
import { data } from "./data-section.ts";
import { manifests } from "./manifests-section.ts";
import { metricTable } from "./metrics-section.ts";
import { nextSteps } from "./next-section.ts";
import type { ReportInput } from "./report-input.ts";
import { rules } from "./rules-section.ts";
import { runFacts } from "./run-section.ts";
import { slices } from "./slices-section.ts";
import { sweep } from "./sweep-section.ts";
import { headline, reasons } from "./verdict-section.ts";

/** How long a report may become, and where the rest of it can be read. */
export interface Room {
  characters: number;
  wholeUrl?: string;
}

const sections = [
  headline,
  reasons,
  metricTable,
  nextSteps,
  slices,
  rules,
  curves,
  sweep,
  confusion,
  classes,
  data,
  manifests,
  runFacts,
];
const summaryRoom: Room = { characters: 300_000 }; // of GitHub's 1 MiB; a character takes up to 3 bytes

/**
 * The road so far as GitHub-flavoured markdown: the verdict first, then what led to it.
 * A section that would make it longer than `room` is left out, and the report says so; empty where there is no room to say so.
 */
export function report(input: ReportInput, room = summaryRoom): string {
  const all = sections.map((section) => section(input)?.markdown).filter((text) => text !== undefined);
  const whole = `${all.join("\n\n")}\n`;
  if (whole.length <= room.characters) return whole;

  const longestNote = shortened(all.length, room);
  let left = room.characters - longestNote.length - 1;
  if (left < 0) return "";
  const kept: string[] = [];
  for (const text of all) {
    if (text.length + 2 > left) continue;
    kept.push(text);
    left -= text.length + 2;
  }
  return `${[...kept, shortened(all.length - kept.length, room)].join("\n\n")}\n`;
}

function shortened(sections: number, { wholeUrl }: Room): string {
  const more = `${sections} more ${sections === 1 ? "section" : "sections"}`;
  const place = wholeUrl === undefined ? md`report.md` : link("the summary of the run", wholeUrl);
  return md`_${more} would make this too long: see ${place}._`.markdown;
}
