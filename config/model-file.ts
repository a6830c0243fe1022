import { isTree, type Layer } from "./layers.ts";
import type { Problem } from "./problems.ts";

/** A model's file taken apart: what holds everywhere, and its blocks for single environments by name. */
export interface ModelFile {
  base: Layer;
  blocks: Map<string, Layer>;
  problems: Problem[];
}

/** Takes the `environments` blocks out of a model's file. Blocks must be mappings named for one of the `known` environments. */
export function splitModelFile(file: Layer, known: readonly string[]): ModelFile {
  const { environments = {}, ...values } = file.values;
  const problems: Problem[] = [];
  const blocks = new Map<string, Layer>();
  const refuse = (path: string[], message: string) =>
    problems.push({ path: path.join("."), message, where: file.locate(path) });
  if (!isTree(environments)) refuse(["environments"], "must be a mapping of environments to keys");
  for (const [name, block] of isTree(environments) ? Object.entries(environments) : []) {
    const path = ["environments", name];
    if (!known.includes(name)) refuse(path, `unknown environment; known: ${known.join(", ")}`);
    else if (!isTree(block)) refuse(path, "must be a mapping of keys to values");
    else blocks.set(name, { values: block, locate: (key) => file.locate([...path, ...key]) });
  }
  return { base: { values, locate: file.locate }, blocks, problems };
}
