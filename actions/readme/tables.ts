import { BadInputError } from "#config/bad-input.ts";
import type { ActionFile } from "./action-file.ts";

const begin = "<!-- made from action.yml by npm run fix -->";
const end = "<!-- to here -->";

/** A README with the tables of its action between the two marks brought up to date. Throws a `BadInputError` without marks. */
export function withTables(readme: string, action: ActionFile): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new BadInputError(`no place for the tables: put ${begin} and ${end} there`);
  return `${readme.slice(0, from)}${begin}\n\n${tables(action)}\n\n${readme.slice(to)}`;
}

function tables({ inputs, outputs }: ActionFile): string {
  const given = Object.entries(inputs).map(([name, { description, required, default: value }]) => [
    `\`${name}\``,
    cell(description),
    required ? "required" : (value ?? "") && `\`${value}\``,
  ]);
  const made = Object.entries(outputs).map(([name, { description }]) => [`\`${name}\``, cell(description)]);
  return `${table(["input", "", "default"], given)}\n\n${table(["output", ""], made)}`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

// the descriptions are this project's own: nothing in them needs more
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
