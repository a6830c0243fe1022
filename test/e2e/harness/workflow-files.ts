import { parse, parseDocument } from "yaml";
import { z } from "zod";
import type { Permissions } from "#test/parts/github/permissions.ts";

const PermissionsNode = z.union([
  z.enum(["read-all", "write-all"]),
  z.record(z.string(), z.enum(["read", "write", "none"])),
]);

const Job = z.looseObject({
  uses: z.string().optional(),
  permissions: PermissionsNode.optional(),
  steps: z.array(z.looseObject({ uses: z.string().optional() })).default([]),
});

const Workflow = z.looseObject({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: PermissionsNode.optional(),
  jobs: z.record(z.string(), Job),
});
export type Workflow = z.infer<typeof Workflow>;

/** The workflows of a commit by their path. */
export type Workflows = ReadonlyMap<string, Workflow>;

/** Reads the text of a workflow. */
export function readWorkflow(text: string): Workflow {
  return Workflow.parse(parse(text));
}

/**
 * The text without what act's own schema does not know, such as `concurrency.queue`. Only `concurrency` and `environment` go,
 * which act does not act on anyway; tests of the YAML check those.
 */
export function withoutUnknownKeys(text: string): string {
  const document = parseDocument(text);
  document.delete("concurrency");
  const { jobs = {} } = document.toJS() as { jobs?: Record<string, unknown> };
  for (const job of Object.keys(jobs)) {
    for (const key of ["concurrency", "environment"]) document.deleteIn(["jobs", job, key]);
  }
  return document.toString({ lineWidth: 0 });
}

/**
 * What GITHUB_TOKEN may do in a job: its own permissions or its workflow's, and in a called workflow no more than the calling
 * job has. A run of a fork's pull request only reads.
 */
export function permissionsOfJob(
  workflows: Workflows,
  { workflow, job }: { workflow: string; job: string },
  isReadOnly: boolean,
): Permissions | undefined {
  const path = [...workflows.entries()].find(([, { name }]) => name === workflow)?.[0];
  const held = path === undefined ? undefined : grantedTo(workflows, path, job);
  if (!held) return undefined;
  return isReadOnly ? Object.fromEntries(Object.keys(held).map((name) => [name, "read" as const])) : held;
}

function grantedTo(workflows: Workflows, path: string, id: string): Permissions | undefined {
  const { jobs = {}, permissions } = workflows.get(path) ?? {};
  const own = jobs[id] && granted(jobs[id].permissions ?? permissions);
  if (!own) return undefined;
  const callers = [...workflows].flatMap(([calling, { jobs: others }]) =>
    Object.entries(others).flatMap(([other, { uses }]) =>
      uses === `./${path}` ? [grantedTo(workflows, calling, other) ?? {}] : [],
    ),
  );
  return callers.length > 0 ? lower(own, callers.reduce(higher)) : own;
}

const all = ["actions", "checks", "contents", "deployments", "issues", "packages", "pull-requests", "statuses"];

function granted(node: z.infer<typeof PermissionsNode> | undefined): Permissions {
  if (node === undefined) return { contents: "read", packages: "read" }; // GitHub's restricted default
  if (typeof node === "string") {
    return Object.fromEntries(all.map((name) => [name, node === "read-all" ? "read" : "write"]));
  }
  const held = Object.entries(node).filter((entry): entry is [string, "read" | "write"] => entry[1] !== "none");
  return Object.fromEntries(held);
}

function lower(one: Permissions, other: Permissions): Permissions {
  const names = Object.keys(one).filter((name) => name in other);
  const access = (name: string) => (one[name] === "write" && other[name] === "write" ? "write" : "read");
  return Object.fromEntries(names.map((name) => [name, access(name)]));
}

function higher(one: Permissions, other: Permissions): Permissions {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const access = (name: string) => (one[name] === "write" || other[name] === "write" ? "write" : "read");
  return Object.fromEntries(names.map((name) => [name, access(name)]));
}
