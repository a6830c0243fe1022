/** Nested configuration as parsed, before any schema has seen it. */
export type Tree = { [key: string]: unknown };
export type Path = readonly PropertyKey[];

/** One source of configuration: what it sets, and where in it a path is set, for messages. */
export interface Layer {
  values: Tree;
  locate(path: Path): string;
}

/** Whether `value` is a mapping, which layers merge key by key; everything else replaces as a whole. */
export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The layers' values in one tree; a later layer wins over an earlier one. A sweep that says its method replaces the earlier one's. */
export function merge(layers: readonly Pick<Layer, "values">[]): Tree {
  return layers
    .map((layer) => layer.values)
    .reduce((lower, upper) => mergeTrees(hasOwnSweep(upper) ? without(lower, "sweep") : lower, upper), {});
}

// else the keys of another method, and other ranges of its parameters, would stay in it
function hasOwnSweep(tree: Tree): boolean {
  return valueAt(tree, ["sweep", "method"]) !== undefined;
}

function without(tree: Tree, key: string): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([name]) => name !== key));
}

/** What `tree` holds at `path`; `undefined` when nothing. */
export function valueAt(tree: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return tree;
  if (typeof tree !== "object" || tree === null || !Object.hasOwn(tree, key)) return undefined;
  return valueAt((tree as Record<PropertyKey, unknown>)[key], rest);
}

/** A tree that holds `value` at `path` and nothing else. */
export function treeOf(path: readonly string[], value: unknown): Tree {
  return path.reduceRight((inner: unknown, key) => Object.fromEntries([[key, inner]]), value) as Tree;
}

/** The layer that decides `path`: the last one to set it or, when none does, its nearest ancestor. */
export function decidingLayer(layers: readonly Layer[], path: Path): Layer | undefined {
  const layer = layers.findLast(({ values }) => valueAt(values, path) !== undefined);
  return layer ?? (path.length > 1 ? decidingLayer(layers, path.slice(0, -1)) : undefined);
}

// built from entries, so that a key named __proto__ stays a key
function mergeTrees(lower: Tree, upper: Tree): Tree {
  const keys = new Set([...Object.keys(lower), ...Object.keys(upper)]);
  return Object.fromEntries([...keys].map((key) => [key, mergeValues(own(lower, key), own(upper, key))]));
}

function mergeValues(lower: unknown, upper: unknown): unknown {
  if (upper === undefined) return lower;
  return isTree(lower) && isTree(upper) ? mergeTrees(lower, upper) : upper;
}

function own(tree: Tree, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined;
}
