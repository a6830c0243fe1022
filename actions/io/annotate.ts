import { error, notice, warning } from "@actions/core";

/** A remark that GitHub shows beside the run, and beside the line of `file` where one is named. */
export interface Annotation {
  level: "error" | "warning" | "notice";
  message: string;
  title?: string;
  file?: string; // path in the repository
  line?: number; // counted from 1
}

const print = { error, warning, notice };

/** Adds an annotation to the run; any text is safe in it. GitHub keeps ten of a level a step. */
export function annotate({ level, message, title, file, line }: Annotation): void {
  print[level](message, {
    ...(title !== undefined && { title }),
    ...(file !== undefined && { file }),
    ...(line !== undefined && { startLine: line }),
  });
}
