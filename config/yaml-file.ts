import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import { isTree, type Layer, type Path, type Tree } from "./layers.ts";
import type { Problem } from "./problems.ts";

/** A YAML file as a layer, and what is wrong with it as YAML. `whole` is false when parts of it could not be read. */
export interface YamlFile extends Layer {
  problems: Problem[];
  whole: boolean;
}

/** Reads `path` under `root`. Bad YAML becomes problems; a file that can't be read throws. */
export async function readYamlFile(root: string, path: string): Promise<YamlFile> {
  const bytes = await readFile(join(root, path));
  try {
    return parseYamlFile(path, new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return unreadable(path, { path: "", message: "is not UTF-8 text", where: path });
  }
}

/** A YAML file's text as a layer; `path` names it in messages. */
export function parseYamlFile(path: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `${path}:${lines.linePos(offset).line}`;
  const problems = [...document.errors, ...document.warnings].map(({ code, message, pos }) =>
    code === "DUPLICATE_KEY"
      ? { path: keyPath(document, pos[0]), message: "is set twice", where: at(pos[0]) }
      : { path: "", message: `not valid YAML: ${message}`, where: at(pos[0]) },
  );
  const values = plainValues(document);
  if (typeof values === "string") problems.push({ path: "", message: values, where: path });
  return {
    values: typeof values === "string" ? {} : values,
    locate: (key) => `${path}${lineSuffix(document, lines, key)}`,
    problems,
    whole: typeof values !== "string" && document.errors.every(({ code }) => code === "DUPLICATE_KEY"),
  };
}

function unreadable(path: string, problem: Problem): YamlFile {
  return { values: {}, locate: () => path, problems: [problem], whole: false };
}

// the document's mapping, or what is wrong with it
function plainValues(document: Document): Tree | string {
  try {
    const values: unknown = document.toJS() ?? {};
    JSON.stringify(values); // throws where an alias points to its own parent
    return isTree(values) ? values : "must be a mapping of keys to values";
  } catch (cause) {
    return `has an alias that can't be resolved: ${cause instanceof Error ? cause.message.split("\n")[0] : cause}`;
  }
}

function lineSuffix(document: Document, lines: LineCounter, path: Path): string {
  const offset = offsetOf(document.contents, path);
  return offset === undefined ? "" : `:${lines.linePos(offset).line}`;
}

// where the key at `path` stands, or the deepest part of the path that is there
function offsetOf(node: unknown, [key, ...rest]: Path): number | undefined {
  if (key === undefined) return undefined;
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    return offsetOf(pair?.value, rest) ?? (isNode(pair?.key) ? pair.key.range?.[0] : undefined);
  }
  if (isSeq(node)) {
    const item = node.items[Number(key)];
    return offsetOf(item, rest) ?? (isNode(item) ? item.range?.[0] : undefined);
  }
  return undefined;
}

function keyPath(document: Document, offset: number): string {
  let found = "";
  visit(document, {
    Pair(_, pair, ancestors) {
      if (!isNode(pair.key) || pair.key.range?.[0] !== offset) return;
      found = [...ancestors, pair].flatMap((node) => (isPair(node) ? [String(node.key)] : [])).join(".");
      return visit.BREAK;
    },
  });
  return found;
}
