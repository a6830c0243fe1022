import { basename } from "node:path";
import { type Contexts, evaluated, runs } from "./expressions.ts";
import { type Job, workflow } from "./workflow-files.ts";

/** A job that GitHub would start: what of the repository it can reach, and what it is told. */
export interface StartedJob {
  runsOn: string;
  environment: string | undefined;
  /** Names of the secrets that it, or one of its steps, is given. */
  secrets: string[];
  /** What each step is given by name of the step: its `with` and `env`, evaluated. */
  given: Record<string, Record<string, string>>;
}

export interface Happening {
  github: Readonly<Record<string, unknown>>;
  inputs?: Readonly<Record<string, string>>;
  vars?: Readonly<Record<string, string>>;
  /** A row of the plan; by default one that trains. `undefined`: the plan finds nothing to do. */
  planned?: Readonly<Record<string, string>> | undefined;
  /** Jobs that fail, such as `plan` or `model/evaluate`. */
  failing?: readonly string[];
}

const mainRow = { model: "iris", kind: "train", "champion-version": "3", "champion-digest": "sha256:c" };
const mark = "SECRET:";
const secretNames = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "MLFLOW_TRACKING_USERNAME",
  "MLFLOW_TRACKING_PASSWORD",
  "MLFLOW_TRACKING_TOKEN",
  "SLIPWAY_APP_PRIVATE_KEY",
  "SLIPWAY_ARGOCD_TOKEN",
  "SLIPWAY_JOBS_TOKEN",
  "SLIPWAY_MANIFESTS_TOKEN",
  "SLIPWAY_REGISTRY_USERNAME",
  "SLIPWAY_REGISTRY_PASSWORD",
];
const allSecrets = Object.fromEntries(secretNames.map((name) => [name, `${mark}${name};`]));

/** The jobs that GitHub would start of `pipeline.yml` and of the workflows that it calls, by `JOB` and `CALLER/JOB`. */
export function simulatedRun(happening: Happening): Record<string, StartedJob> {
  const planned = "planned" in happening ? happening.planned : mainRow;
  const plan = { count: planned ? "1" : "0", matrix: JSON.stringify({ include: planned ? [planned] : [] }) };
  const { github, vars = {}, inputs = {}, failing = [] } = happening;
  const shared = { github: { repository: "octo/models", token: "", run_id: 7, actor: "ada", ...github }, vars };
  const contexts = { ...shared, inputs, matrix: planned ?? {}, secrets: allSecrets };
  return startedOf("pipeline.yml", { contexts, failing, outputs: { ...outputs, plan }, prefix: "" });
}

const outputs = {
  "training-image": { digest: "sha256:t" },
  train: { "model-digest": "sha256:m" },
  register: { "serving-settings": "{maxBatchSize: 8, executionTimeoutMs: 5000}" },
  image: { digest: "sha256:i" },
  promote: { commit: "c0ffee" },
};

interface Scene {
  contexts: Contexts;
  failing: readonly string[];
  outputs: Readonly<Record<string, Record<string, string>>>; // of jobs
  prefix: string;
}

function startedOf(file: string, scene: Scene): Record<string, StartedJob> {
  const { contexts, failing, outputs, prefix } = scene;
  const started: Record<string, StartedJob> = {};
  const results: Record<string, string> = {};
  for (const [id, job] of Object.entries(workflow(file).jobs)) {
    const needed = [job.needs ?? []].flat().map((name) => [name, results[name] ?? ""] as const);
    const told = (name: string, result: string) => (result === "skipped" ? {} : (outputs[name] ?? {}));
    const needs = Object.fromEntries(needed.map(([name, result]) => [name, { result, outputs: told(name, result) }]));
    const failed = needed.some(([, result]) => result !== "success");
    const seen = { ...contexts, needs };
    if (!runs(job.if, seen, { failed, cancelled: false })) {
      results[id] = "skipped";
      continue;
    }
    results[id] = failing.includes(prefix + id) ? "failure" : "success";
    if (job.uses) Object.assign(started, calledBy(job, { ...scene, contexts: seen, prefix: `${prefix}${id}/` }));
    else started[prefix + id] = startedJob(job, seen);
  }
  return started;
}

/** The jobs of the workflow that a job calls: they see its inputs, and its secrets where they are handed on. */
function calledBy({ uses = "", with: given = {}, secrets }: Job, scene: Scene): Record<string, StartedJob> {
  const { github, vars, secrets: held } = scene.contexts;
  const inputs = Object.entries(given).map(([name, value]) => [name, evaluated(value, scene.contexts)]);
  const contexts = { github, vars, inputs: Object.fromEntries(inputs), secrets: secrets === "inherit" ? held : {} };
  return startedOf(basename(uses), { ...scene, contexts });
}

function startedJob(job: Job, contexts: Contexts): StartedJob {
  const seen = { ...contexts, runner: {}, steps: {}, env: {} };
  const valuesOf = (values: Readonly<Record<string, unknown>> = {}) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, evaluated(value, seen)]));
  const given = Object.fromEntries(
    job.steps.map((step) => [step.name, { ...valuesOf(step.with), ...valuesOf(step.env) }]),
  );
  const texts = JSON.stringify([given, valuesOf(job.env)]);
  return {
    runsOn: evaluated(job["runs-on"] ?? "", seen),
    environment: job.environment === undefined ? undefined : evaluated(job.environment, seen),
    secrets: [...new Set(texts.match(/SECRET:\w+/g) ?? [])].map((found) => found.slice(mark.length)).sort(),
    given,
  };
}
