import { isDeepStrictEqual } from "node:util";
import { type Document, isAlias, isScalar, parseDocument, Scalar } from "yaml";
import { BadInputError } from "#config/bad-input.ts";

/** One scalar of a YAML document and what it shall be. */
export interface Edit {
  readonly path: readonly (string | number)[]; // keys and list positions from the root
  readonly value: string | number;
}

/**
 * Replaces single scalars of a YAML document and keeps every other byte: comments, order, quotes, line ends.
 * A scalar keeps its quotes; a plain one gets double quotes if its new text would else be read as something other.
 * Throws a `BadInputError` for a scalar that is absent, empty, shared by an anchor, an alias, tagged or a block.
 */
export function splice(source: string, edits: readonly Edit[]): string {
  return edits.reduce(spliceOne, source);
}

/** The parsed document; throws a `BadInputError` with every syntax error and its line. */
export function parseYaml(source: string): Document.Parsed {
  const document = parseDocument(source);
  if (document.errors.length > 0) {
    throw new BadInputError(`not valid YAML: ${document.errors.map((error) => error.message).join("\n")}`);
  }
  return document;
}

function spliceOne(source: string, edit: Edit): string {
  const document = parseYaml(source);
  const [start, end] = tokenAt(document, edit.path);
  const wanted: unknown = applied(document, edit);
  for (const token of tokensFor(source.slice(start, end), edit.value)) {
    const result = source.slice(0, start) + token + source.slice(end);
    const reread = parseDocument(result);
    if (reread.errors.length === 0 && isDeepStrictEqual(reread.toJS(), wanted)) return result;
  }
  throw new BadInputError(`${edit.path.join(".")}: cannot be set to ${JSON.stringify(edit.value)} in place`);
}

function tokenAt(document: Document.Parsed, path: Edit["path"]): [start: number, end: number] {
  const name = path.join(".");
  const node: unknown = document.getIn(path, true);
  if (isAlias(node)) throw new BadInputError(`${name}: is the alias *${node.source}; write its value out`);
  if (!isScalar(node)) throw new BadInputError(`${name}: no such value; write it, "" when there is none yet`);
  if (node.anchor)
    throw new BadInputError(`${name}: carries the anchor &${node.anchor}, so that others change with it; remove it`);
  if (node.tag) throw new BadInputError(`${name}: carries the tag ${node.tag}; remove it`);
  if (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED) {
    throw new BadInputError(`${name}: is a block of text; write it on one line`);
  }
  if (!node.range || node.range[0] === node.range[1]) throw new BadInputError(`${name}: is empty; write ""`);
  return [node.range[0], node.range[1]];
}

function applied(document: Document.Parsed, { path, value }: Edit): unknown {
  const copy = document.clone();
  copy.setIn(path, value);
  return copy.toJS();
}

function tokensFor(old: string, value: string | number): string[] {
  const quoted = JSON.stringify(String(value)); // JSON's strings are YAML's
  if (typeof value === "number") return [String(value)];
  if (old.startsWith('"')) return [quoted];
  if (old.startsWith("'")) return [`'${value.replaceAll("'", "''")}'`, quoted];
  return [value, quoted];
}
