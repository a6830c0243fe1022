import { parseDocument } from "yaml";
import { type Layer, merge, type Tree, treeOf, valueAt } from "./layers.ts";
import type { Problem } from "./problems.ts";

/** Environment variables that are configuration, and the key each sets. Credentials are not: their users read them. */
export const variablePaths = {
  MLFLOW_TRACKING_URI: "tracking.uri",
  MLFLOW_EXPERIMENT_NAME: "tracking.experiment",
  SLIPWAY_OUTPUTS: "outputs",
} as const;

/** A layer for each variable of `variablePaths` that is set; an empty one counts as not set. */
export function variableLayers(variables: Readonly<Record<string, string | undefined>>): Layer[] {
  return Object.entries(variablePaths).flatMap(([name, path]) => {
    const value = variables[name];
    return value ? [{ values: treeOf(path.split("."), value), locate: () => name }] : [];
  });
}

/** Layers of `--set path.to.key=value` settings, the value read as YAML, and problems of those that can't be read. */
export function settingLayers(settings: readonly string[]): { layers: Layer[]; problems: Problem[] } {
  const parsed = settings.map(parseSetting);
  return {
    layers: parsed.flatMap((result) => ("values" in result ? [result] : [])),
    problems: parsed.flatMap((result) => ("values" in result ? [] : [result])),
  };
}

/** `upper` with `models.uri` moved along when `upper` moves `outputs` and the models lay under the old ones in `lower`. */
export function withMovedModels(lower: readonly Layer[], upper: Layer): Layer {
  const below = merge(lower);
  const [from, to] = [valueAt(below, ["outputs"]), valueAt(upper.values, ["outputs"])];
  const models = valueAt(below, ["models", "uri"]);
  if (typeof from !== "string" || typeof to !== "string" || typeof models !== "string") return upper;
  if (!models.startsWith(`${from}/`)) return upper;
  const values: Tree = { models: { uri: `${to}${models.slice(from.length)}` } };
  return { ...upper, values: merge([{ ...upper, values }, upper]) };
}

function parseSetting(setting: string): Layer | Problem {
  const where = `--set ${setting.split("=")[0]}`;
  const [, path, text] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
  const keys = path?.split(".") ?? [];
  if (text === undefined || keys.includes("")) {
    return { path: "", message: "expected --set path.to.key=value", where };
  }
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = [...document.errors, ...document.warnings];
  if (error) return { path: path ?? "", message: `the value is not valid YAML: ${error.message}`, where };
  return { values: treeOf(keys, document.toJS()), locate: () => where };
}
