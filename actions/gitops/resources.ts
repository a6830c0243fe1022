import { isDeepStrictEqual } from "node:util";
import { isScalar, isSeq } from "yaml";
import { BadInputError } from "#config/bad-input.ts";
import { parseYaml } from "./splice.ts";

/** The entries of a kustomization's `resources`. */
export function listResources(source: string): string[] {
  return itemsOf(source).map(({ value }) => value);
}

/** The kustomization with one more resource at the end of the list, every other byte as it was; the same when it is there. */
export function addResource(source: string, path: string): string {
  const items = itemsOf(source);
  if (items.some(({ value }) => value === path)) return source;
  const last = items.at(-1);
  if (!last) throw new BadInputError("resources: is empty; it needs one entry, in a line of its own, to add others to");
  const line = lineAt(source, last.start);
  const ending = line.text.endsWith("\r\n") ? "\r\n" : "\n";
  const added = `${line.text.slice(0, last.start - line.start)}${path}${ending}`;
  const before = source.slice(0, line.end);
  return checked(`${before.endsWith("\n") ? before : `${before}${ending}`}${added}${source.slice(line.end)}`, {
    wanted: [...listResources(source), path],
  });
}

/** The kustomization without a resource, every other byte as it was; the same when it is not there. */
export function removeResource(source: string, path: string): string {
  const item = itemsOf(source).find(({ value }) => value === path);
  if (!item) return source;
  const line = lineAt(source, item.start);
  return checked(source.slice(0, line.start) + source.slice(line.end), {
    wanted: listResources(source).filter((value) => value !== path),
  });
}

function itemsOf(source: string): { value: string; start: number }[] {
  const list = parseYaml(source).get("resources");
  if (!isSeq(list)) throw new BadInputError("resources: is no list");
  if (list.flow && list.items.length > 0)
    throw new BadInputError("resources: write each entry in a line of its own, as - PATH");
  return list.items.map((item) => {
    if (!isScalar(item) || typeof item.value !== "string" || !item.range)
      throw new BadInputError("resources: has an entry that is no path");
    return { value: item.value, start: item.range[0] };
  });
}

function lineAt(source: string, position: number): { start: number; end: number; text: string } {
  const start = source.lastIndexOf("\n", position - 1) + 1;
  const newline = source.indexOf("\n", position);
  const end = newline < 0 ? source.length : newline + 1;
  return { start, end, text: source.slice(start, end) };
}

function checked(source: string, { wanted }: { wanted: string[] }): string {
  if (isDeepStrictEqual(listResources(source), wanted)) return source;
  throw new BadInputError("resources: write each entry in a line of its own, as - PATH");
}
