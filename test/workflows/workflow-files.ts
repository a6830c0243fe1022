import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const root = resolve(import.meta.dirname, "../..");
const workflows = ".github/workflows";

const Permissions = z.record(z.string(), z.enum(["read", "write"]));
const Concurrency = z.strictObject({
  group: z.string(),
  "cancel-in-progress": z.boolean().optional(),
  queue: z.enum(["single", "max"]).optional(),
});
const Values = z.record(z.string(), z.unknown());

const Step = z.looseObject({
  name: z.string(),
  if: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: Values.optional(),
  env: Values.optional(),
});

const Job = z.looseObject({
  name: z.string(),
  if: z.string().optional(),
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  uses: z.string().optional(), // a workflow that this job calls
  secrets: z.string().optional(),
  with: Values.optional(),
  permissions: Permissions.optional(),
  environment: z
    .union([z.string(), z.strictObject({ name: z.string(), deployment: z.literal(false) })])
    .transform((environment) => (typeof environment === "string" ? environment : environment.name))
    .optional(),
  concurrency: Concurrency.optional(),
  "runs-on": z.string().optional(),
  "timeout-minutes": z.int().positive().optional(),
  env: Values.optional(),
  steps: z.array(Step).default([]),
});

const Workflow = z.looseObject({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.unknown(),
  concurrency: Concurrency.optional(),
  jobs: z.record(z.string(), Job),
});

export type Job = z.infer<typeof Job>;
export type Workflow = z.infer<typeof Workflow>;

/** Every workflow of the repository by its file's name. */
export const workflowFiles: ReadonlyMap<string, Workflow> = new Map(
  readdirSync(join(root, workflows)).map((file) => [file, Workflow.parse(parse(textOf(`${workflows}/${file}`)))]),
);

/** One workflow by its file's name. */
export function workflow(file: string): Workflow {
  const found = workflowFiles.get(file);
  if (!found) throw new Error(`no ${workflows}/${file}`);
  return found;
}

/** One job. */
export function job(file: string, id: string): Job {
  const found = workflow(file).jobs[id];
  if (!found) throw new Error(`${file} has no job ${id}`);
  return found;
}

/** Every job of every workflow, with its name for messages: `FILE JOB`. */
export const allJobs: readonly { name: string; job: Job }[] = [...workflowFiles].flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([id, one]) => ({ name: `${file} ${id}`, job: one })),
);

/** The text of every workflow and of every action's `action.yml`, by path. */
export const actionTexts: ReadonlyMap<string, string> = new Map(
  [
    ...[...workflowFiles.keys()].map((file) => `${workflows}/${file}`),
    ...actionsIn(".github/actions"),
    ...actionsIn("actions"),
  ].map((path) => [path, textOf(path)]),
);

function actionsIn(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => /^[^/]+\/action\.yml$/.test(file)).map((file) => `${folder}/${file}`);
}

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
