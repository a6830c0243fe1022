// What tfjs calls a layer without a name: dense_Dense1, input1.
const unnamed = /^(?:(?<kind>[a-z0-9_]+)_[A-Z][A-Za-z0-9]*|(?<input>input))\d+$/;

/**
 * Names for layers that were given none, in the order of the model: dense, dense_1, as Keras numbers them. tfjs numbers
 * them by a counter of the process, so that the same model built twice would not be the same bytes.
 */
export function stableNames(names: readonly string[]): Map<string, string> {
  const taken = new Set(names.filter((name) => !unnamed.test(name)));
  const renamed = new Map<string, string>();
  for (const name of names) {
    const groups = unnamed.exec(name)?.groups;
    if (!groups) continue;
    const kind = groups["kind"] ?? groups["input"] ?? name;
    let stable = kind;
    for (let count = 1; taken.has(stable); count++) stable = `${kind}_${count}`;
    taken.add(stable);
    renamed.set(name, stable);
  }
  return renamed;
}
