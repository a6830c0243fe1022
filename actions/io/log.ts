import { info as print } from "@actions/core";

/** Prints a line to the job's log. Text that the runner would take for a workflow command is only text. */
export function info(text: string): void {
  print(withoutCommands(text));
}

/**
 * Text in which the runner finds no workflow command: it reads `::name::` at the start of a line and `##[name]` anywhere.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
export function withoutCommands(text: string): string {
  return text
    .replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    .replaceAll(/^(\s*):(?=:)/gm, "$1:\u200B")
    .replaceAll("##[", "#\u200B#[");
}
