import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { closestMatch } from "leven";
import { BadInputError } from "./bad-input.ts";
import type { Layer } from "./layers.ts";
import { splitModelFile } from "./model-file.ts";
import { settingLayers, variableLayers, withMovedModels } from "./overrides.ts";
import { problemList } from "./problems.ts";
import type { Config } from "./schema.ts";
import { validate } from "./validate.ts";
import { readYamlFile } from "./yaml-file.ts";

/** What to load. `set` holds `path.to.key=value` settings, `variables` the process environment where it may speak. */
export interface LoadOptions {
  root: string;
  env: string;
  model: string;
  set?: readonly string[];
  variables?: Readonly<Record<string, string | undefined>>;
}

/** Names of the models that have a file in `config/models`, sorted. */
export function listModels(root: string): Promise<string[]> {
  return listNames(root, "config/models");
}

/** Names of the environments that have a file in `config`, sorted. */
export function listEnvironments(root: string): Promise<string[]> {
  return listNames(root, "config");
}

/**
 * The configuration of `model` in `env`: schema defaults < `config/ENV.yaml` < `config/models/MODEL.yaml` < its
 * `environments.ENV` block < environment variables < `set`. Relative paths in it start at `root`.
 * Throws one BadInputError that lists every problem with its path and what set it.
 */
export async function loadConfig({ root, env, model, set = [], variables = {} }: LoadOptions): Promise<Config> {
  const [environments, models] = await Promise.all([listEnvironments(root), listModels(root)]);
  const strangers = [unknownName("environment", env, environments), unknownName("model", model, models)];
  if (strangers.some((line) => line !== undefined)) throw new BadInputError(strangers.filter(Boolean).join("\n"));

  const environmentFile = await readYamlFile(root, `config/${env}.yaml`);
  const modelFile = await readYamlFile(root, `config/models/${model}.yaml`);
  const { base, blocks, problems } = splitModelFile(modelFile, environments);
  const settings = settingLayers(set);
  const block = blocks.get(env);
  const layers: Layer[] = block ? [environmentFile, base, block] : [environmentFile, base];
  for (const layer of [...variableLayers(variables), ...settings.layers]) layers.push(withMovedModels(layers, layer));

  const whole = environmentFile.whole && modelFile.whole && settings.problems.length === 0;
  const config = validate({ env, model, base, layers });
  const otherBlocks = [...blocks].filter(([name]) => name !== env);
  const found = [
    ...environmentFile.problems,
    ...modelFile.problems,
    ...problems,
    ...settings.problems,
    // what is missing may stand in the part that could not be read
    ...(Array.isArray(config) ? config.filter(({ kind }) => whole || kind !== "missing") : []),
    ...otherBlocks.flatMap(([name, other]) => blockProblems({ env: name, model, base, block: other })),
  ];
  if (!Array.isArray(config) && found.length === 0) return config;
  const count = found.length === 1 ? "a problem" : `${found.length} problems`;
  throw new BadInputError(`The configuration of ${model} in ${env} has ${count}:\n${problemList(found)}`);
}

// a typing error in another environment's block should not wait for the day that environment runs
function blockProblems({ env, model, base, block }: { env: string; model: string; base: Layer; block: Layer }) {
  const result = validate({ env, model, base, layers: [base, block] });
  const problems = Array.isArray(result) ? result : [];
  return problems
    .filter(({ kind, layer }) => kind === "wrong" && layer === block)
    .map((problem) => ({ ...problem, path: `environments.${env}.${problem.path}` }));
}

async function listNames(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new BadInputError(`can't list ${folder}: ${cause.message}`, { cause });
  });
  return entries.flatMap((entry) => (entry.endsWith(".yaml") ? [basename(entry, ".yaml")] : [])).sort();
}

function unknownName(kind: string, name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  if (known.length === 0) return `unknown ${kind} "${name}": there is none, config holds no such file`;
  const near = closestMatch(name, [...known], { maxDistance: 2 });
  return `unknown ${kind} "${name}"${near ? `; did you mean ${near}?` : ";"} known: ${known.join(", ")}`;
}
