import { decidingLayer, type Layer, merge, valueAt } from "./layers.ts";
import { type Complaint, complaints, type Problem } from "./problems.ts";
import { Config } from "./schema.ts";
import { Sweep } from "./sweep.ts";
import { sweepProblems } from "./sweep-problems.ts";

/** A problem, whether its value is missing or wrong, and the layer that set it or should have. */
export interface LayeredProblem extends Problem {
  kind: Complaint["kind"];
  layer: Layer;
}

/** Layers to validate as one configuration. `base` is the model's own file, where what is missing belongs. */
export interface Sources {
  env: string;
  model: string;
  base: Layer;
  layers: readonly Layer[];
}

/** The merged configuration, or everything that is wrong with it. */
export function validate({ env, model, base, layers }: Sources): Config | LayeredProblem[] {
  const values = merge(layers);
  const result = Config.safeParse({ ...values, env, model });
  const problems = (result.error?.issues ?? [])
    .flatMap((issue) => complaints(issue, values))
    .map(({ kind, path, message }) => {
      const layer = decidingLayer(kind === "missing" ? [base] : layers, path) ?? decidingLayer(layers, path) ?? base;
      return { kind, path: path.join("."), message, where: layer.locate(path), layer };
    });
  const misplaced = ["env", "model"].flatMap((path): LayeredProblem[] => {
    const layer = layers.find(({ values }) => valueAt(values, [path]) !== undefined);
    return layer
      ? [{ kind: "wrong", path, message: `is chosen with --${path}`, where: layer.locate([path]), layer }]
      : [];
  });
  const sweep = Sweep.safeParse(values["sweep"]);
  const unswept = (sweep.success ? sweepProblems(sweep.data) : []).map(({ path, message }): LayeredProblem => {
    const layer = decidingLayer(layers, path) ?? base;
    return { kind: "wrong", path: path.join("."), message, where: layer.locate(path), layer };
  });
  const found = [...problems, ...misplaced, ...unswept];
  return result.success && found.length === 0 ? result.data : found;
}
