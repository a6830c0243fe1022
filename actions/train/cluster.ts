import { setTimeout as sleep } from "node:timers/promises";
import type { Argocd } from "#actions/gitops/argocd.ts";
import { type Committer, land, type Plan } from "#actions/gitops/committer.ts";
import { addResource, listResources, removeResource } from "#actions/gitops/resources.ts";
import { BadInputError } from "#config/bad-input.ts";
import { candidatePrefix } from "#training/candidate-store.ts";
import type { Storage } from "#training/storage/storage.ts";
import { sweepPrefix } from "#training/sweep/open.ts";
import { countEnded } from "#training/sweep/records.ts";
import { type JobOrder, jobName, patternPath, renderJob } from "./job.ts";

export interface ClusterParts {
  committer: Committer; // of the branch that Argo CD follows
  storage: Storage; // of the candidates
  argocd: Argocd | undefined; // where it can be asked what a Job does
  retry: boolean; // another attempt, if the last one failed
  timeoutMs: number;
  pollMs?: number;
  signal?: AbortSignal | undefined;
  info: (line: string) => void;
}

/**
 * `trained`: the candidate is in the storage, or every trial of a sweep has ended. `queued`: not yet, and the Job goes on
 * without anybody waiting.
 */
export type ClusterTraining = { kind: "trained" | "queued"; job: string; reason: string };

/**
 * Has a model trained by a Job of the cluster: commits its file, unless the same training is there already, and waits for the
 * candidate. Throws an error with the Job's own reason where it failed; a `BadInputError` where the manifests do not fit.
 */
export async function trainInCluster(order: Omit<JobOrder, "attempt">, parts: ClusterParts): Promise<ClusterTraining> {
  const { storage, timeoutMs, pollMs = 15_000, signal, info } = parts;
  const { env } = order.config;
  if (await isTrained(order, storage)) return { kind: "trained", job: "", reason: "this content was trained before" };
  const job = await orderJob(order, parts);
  let last = "";
  for (const end = Date.now() + timeoutMs; ; await sleep(pollMs, undefined, { signal })) {
    if (await isTrained(order, storage)) return { kind: "trained", job, reason: `trained by the Job ${job}` };
    const health = await healthOf(job, env, parts.argocd);
    if (health?.status === "Degraded") {
      // the other trials have ended too, and what they have brought is not lost
      if (order.sweep) return { kind: "trained", job, reason: `trials of the Job ${job} failed: ${health.message}` };
      throw new Error(`the Job ${job} failed: ${health.message}. To try once more, start it with retry: true`);
    }
    const reason = `the Job ${job}: ${health?.message ?? "no candidate yet"}`;
    if (reason !== last) info(reason);
    last = reason;
    if (Date.now() >= end)
      return { kind: "queued", job, reason: `${reason}; the workflow finish goes on once it has ended` };
  }
}

async function isTrained(
  { config, contentHash, sweep }: Omit<JobOrder, "attempt">,
  storage: Storage,
): Promise<boolean> {
  if (sweep) return (await countEnded(storage, { prefix: sweepPrefix(config.model, contentHash) })) >= sweep.trials;
  const marker = `${candidatePrefix(config.model, contentHash)}/candidate/candidate.json`;
  return (await storage.read(marker)) !== undefined;
}

/** Removes the files of every attempt at a training whose candidate has been read; Argo CD then removes the Jobs. */
export async function removeJobs(order: Pick<JobOrder, "config" | "contentHash">, committer: Committer): Promise<void> {
  const { env, model } = order.config;
  await land(committer, async (head): Promise<Plan<undefined>> => {
    const { source, jobs } = await readJobs(order, committer, head);
    if (jobs.length === 0) return { kind: "done", value: undefined };
    const kustomization = jobs.reduce((text, { path }) => removeResource(text, path), source);
    const files = Object.fromEntries(jobs.map(({ path }) => [`${overlayFolder(env)}/${path}`, undefined]));
    const message = `Remove the training Job of ${model} in ${env}\n\nIts candidate has been read.`;
    return { kind: "change", message, files: { ...files, [kustomizationPath(env)]: kustomization } };
  });
}

async function orderJob(
  order: Omit<JobOrder, "attempt">,
  { committer, argocd, retry, info }: ClusterParts,
): Promise<string> {
  const { env, model } = order.config;
  const landed = await land(committer, async (head): Promise<Plan<string>> => {
    const { source, jobs } = await readJobs(order, committer, head);
    const last = jobs.at(-1);
    if (last && !(retry && (await hasFailed(last.name, env, argocd)))) {
      info(`the Job ${last.name} is there already`);
      return { kind: "done", value: last.name };
    }
    const pattern = await committer.read(head, patternPath);
    if (pattern === undefined) throw new BadInputError(`${patternPath}: is not in ${committer.repository}`);
    const attempt = (last?.attempt ?? 0) + 1;
    const name = jobName({ model, contentHash: order.contentHash, attempt });
    const without = jobs.reduce((text, { path }) => removeResource(text, path), source);
    const failed = Object.fromEntries(jobs.map(({ path }) => [`${overlayFolder(env)}/${path}`, undefined]));
    const files = {
      ...failed,
      [kustomizationPath(env)]: addResource(without, `jobs/${name}.yaml`),
      [`${overlayFolder(env)}/jobs/${name}.yaml`]: renderJob(pattern, { ...order, attempt }),
    };
    const message = `Train ${model} for ${env}, attempt ${attempt}\n\n${order.contentHash}`;
    return { kind: "change", files, message };
  });
  if (landed.kind === "done") return landed.value;
  const { jobs } = await readJobs(order, committer, landed.sha);
  const job = jobs.at(-1)?.name ?? "";
  info(`committed the Job ${job}: ${landed.sha.slice(0, 12)} in ${committer.repository}`);
  return job;
}

interface JobFile {
  name: string;
  path: string; // in the overlay
  attempt: number;
}

/** The overlay's kustomization, and the Jobs of this very training in it, first attempt first. */
async function readJobs(
  { config: { env, model }, contentHash }: Pick<JobOrder, "config" | "contentHash">,
  committer: Committer,
  head: string,
): Promise<{ source: string; jobs: JobFile[] }> {
  const source = await committer.read(head, kustomizationPath(env));
  if (source === undefined) throw new BadInputError(`${kustomizationPath(env)}: is not in ${committer.repository}`);
  const stem = jobName({ model, contentHash, attempt: 0 }).slice(0, -1);
  const jobs = listResources(source).flatMap((path) => {
    const name = /^jobs\/(.*)\.yaml$/.exec(path)?.[1] ?? "";
    const attempt = name.startsWith(stem) ? Number(name.slice(stem.length)) : Number.NaN;
    return Number.isInteger(attempt) ? [{ name, path, attempt }] : [];
  });
  return { source, jobs: jobs.toSorted((a, b) => a.attempt - b.attempt) };
}

async function hasFailed(job: string, env: string, argocd: Argocd | undefined): Promise<boolean> {
  if (!argocd)
    throw new BadInputError("retry: whether the last attempt failed is known to Argo CD only; give argocd-url");
  return (await healthOf(job, env, argocd))?.status === "Degraded";
}

async function healthOf(job: string, env: string, argocd: Argocd | undefined) {
  const tree = await argocd?.resourceTree(`training-${env}`);
  return tree?.nodes.find(({ kind, name }) => kind === "Job" && name === job)?.health;
}

function overlayFolder(env: string): string {
  return `manifests/training/overlays/${env}`;
}

function kustomizationPath(env: string): string {
  return `${overlayFolder(env)}/kustomization.yaml`;
}
