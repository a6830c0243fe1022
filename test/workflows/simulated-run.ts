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
  "SLIPWAY_MANIFESTS_TOKEN",
  "SLIPWAY_REGISTRY_USERNAME",
  "SLIPWAY_REGISTRY_PASSWORD",
];
const allSecrets = Object.fromEntries(secretNames.map((name) => [name, `${mark}${name};`]));

/** The jobs that GitHub would start of `pipeline.yml` and the `model.yml` that it calls, by `JOB` and `CALLER/JOB`. */
export function simulatedRun(happening: Happening): Record<string, StartedJob> {
  const planned = "planned" in happening ? happening.planned : mainRow;
  const plan = { count: planned ? "1" : "0", matrix: JSON.stringify({ include: planned ? [planned] : [] }) };
  const { github, vars = {}, inputs = {}, failing = [] } = happening;
  const shared = { github: { repository: "octo/models", token: "", run_id: 7, actor: "ada", ...github }, vars };
  const caller = { ...shared, inputs, matrix: planned ?? {}, secrets: allSecrets };
  const started = startedOf("pipeline.yml", { contexts: caller, failing, outputs: { plan }, prefix: "" });

  for (const [id, job] of Object.entries(workflow("pipeline.yml").jobs)) {
    if (!job.uses || !started[id]) continue;
    const values = Object.entries(job.with ?? {}).map(([name, value]) => [name, evaluated(value, caller)]);
    const contexts = {
      ...shared,
      inputs: Object.fromEntries(values),
      secrets: job.secrets === "inherit" ? allSecrets : {},
    };
    const outputs = { train: { "model-digest": "sha256:m" }, register: {}, image: { digest: "sha256:i" } };
    Object.assign(started, startedOf("model.yml", { contexts, failing, outputs, prefix: `${id}/` }));
    delete started[id];
  }
  return started;
}

interface Scene {
  contexts: Contexts;
  failing: readonly string[];
  outputs: Readonly<Record<string, Record<string, string>>>; // of jobs
  prefix: string;
}

function startedOf(file: string, { contexts, failing, outputs, prefix }: Scene): Record<string, StartedJob> {
  const started: Record<string, StartedJob> = {};
  const results: Record<string, string> = {};
  for (const [id, job] of Object.entries(workflow(file).jobs)) {
    const needed = [job.needs ?? []].flat().map((name) => [name, results[name] ?? ""] as const);
    const needs = Object.fromEntries(needed.map(([name, result]) => [name, { result, outputs: outputs[name] ?? {} }]));
    const failed = needed.some(([, result]) => result !== "success");
    const seen = { ...contexts, needs };
    if (runs(job.if, seen, { failed, cancelled: false })) {
      started[prefix + id] = startedJob(job, seen);
      results[id] = failing.includes(prefix + id) ? "failure" : "success";
    } else results[id] = "skipped";
  }
  return started;
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
