import type { Application, Deployment, ResourceTree } from "#actions/gitops/argocd-answers.ts";
import type { Relation } from "#actions/gitops/order.ts";
import type { Overlay } from "#actions/gitops/overlay.ts";

/** The release that is waited for. */
export interface Awaited {
  version: string;
  modelDigest: string;
  image: string; // as it stands in a pod: name:tag, and @digest where one was pushed
}

/** All that was seen at one look. */
export interface Sight {
  awaited: Awaited;
  /** How the revision that Argo CD has compared the cluster with relates to the release's commit. */
  relation: Relation;
  /** What the branch says now. */
  promoted: Overlay | undefined;
  application: Application;
  deployment: Deployment | undefined;
  tree: ResourceTree;
  /** For how long the Application has been degraded without a break. */
  degradedMs: number;
  /** For how long it has to be so before it counts. */
  lastingMs?: number | undefined;
}

/** `deployed`: it runs. `superseded`: another release took its place first. `failed`: it will not run by itself. */
export type Progress = { kind: "waiting" | "deployed" | "superseded" | "failed"; reason: string };

const longEnoughMs = 45_000; // shorter, a pod may only be starting late

/** How far a release has come on its way from the commit to the pods. */
export function progressOf(sight: Sight): Progress {
  const { awaited, relation, promoted, application, deployment, tree } = sight;
  if (promoted && !isSame(awaited, promoted)) {
    return progress(
      "superseded",
      `the branch now names version ${promoted.version} in the place of ${awaited.version}`,
    );
  }
  const { sync, health, operationState: operation, conditions } = application.status;
  const comparison = conditions?.find(({ type }) => type === "ComparisonError");
  if (comparison) return lasting(sight, `Argo CD can't compare: ${comparison.message}`);
  const revision = sync?.revision.slice(0, 12) || "no revision";
  if (relation !== "same" && relation !== "newer") {
    return progress("waiting", `Argo CD is at ${revision}, which does not have the promotion yet`);
  }
  if (operation && sync?.status !== "Synced" && hasFailedFor(operation, sync?.revision)) {
    return progress("failed", `the sync of ${revision} ended as ${operation.phase}: ${faultOf(operation)}`);
  }
  if (sync?.status !== "Synced") {
    return progress("waiting", `Argo CD brings ${revision} to the cluster (${sync?.status ?? "not compared yet"})`);
  }
  if (!deployment || !runs(deployment, awaited)) {
    return progress("waiting", "the Deployment in the cluster does not have this release yet");
  }
  const stuck = deployment.status.conditions.find(
    ({ type, status, reason }) => type === "Progressing" && status === "False" && reason === "ProgressDeadlineExceeded",
  );
  if (stuck) return progress("failed", withPods(stuck.message ?? "the pods do not become ready", tree, awaited));
  const { replicas, updated, available } = countsOf(deployment);
  const pods = `${updated} of ${replicas} pods have it, ${available} are available`;
  const isComplete = updated === replicas && available === replicas && deployment.status.replicas === replicas;
  if (
    deployment.status.observedGeneration >= deployment.metadata.generation &&
    isComplete &&
    health?.status === "Healthy"
  ) {
    return progress("deployed", `version ${awaited.version} is Synced and Healthy at ${revision}: ${pods}`);
  }
  return lasting(sight, withPods(pods, tree, awaited));
}

/** Whether an overlay names this very release. */
export function isSame(awaited: Awaited, { modelDigest, image }: Overlay): boolean {
  return awaited.modelDigest === modelDigest && awaited.image === imageOf(image);
}

/** An image as kustomize writes it into a pod. */
export function imageOf({ name, tag, digest }: Overlay["image"]): string {
  return digest ? `${name}:${tag}@${digest}` : `${name}:${tag}`;
}

function lasting({ degradedMs, lastingMs = longEnoughMs }: Sight, reason: string): Progress {
  return degradedMs > lastingMs
    ? progress("failed", `degraded for ${Math.round(degradedMs / 1000)} s: ${reason}`)
    : progress("waiting", reason);
}

function runs({ spec: { template } }: Deployment, { modelDigest, image }: Awaited): boolean {
  const hasImage = template.spec.containers.some((container) => container.image === image);
  return hasImage && template.metadata.annotations["slipway/model-digest"] === modelDigest;
}

function countsOf({ spec, status }: Deployment): { replicas: number; updated: number; available: number } {
  return { replicas: spec.replicas, updated: status.updatedReplicas, available: status.availableReplicas };
}

type Operation = NonNullable<Application["status"]["operationState"]>;

/** Argo CD never repeats a sync that failed at this revision, or before it knew of any; after one of another revision comes the next. */
function hasFailedFor({ phase, syncResult }: Operation, revision: string | undefined): boolean {
  return ["Failed", "Error"].includes(phase) && (!syncResult || syncResult.revision === revision);
}

function faultOf(operation: Operation): string {
  const failed = operation.syncResult?.resources?.filter(({ status }) => status === "SyncFailed") ?? [];
  const told = failed.map(({ kind, name, message }) => `${kind} ${name}: ${message}`);
  return told.join("; ") || operation.message || "without a reason";
}

/** What the new pods themselves say: why an image can't be pulled, or with what a container ended. */
function withPods(reason: string, { nodes }: ResourceTree, { image }: Awaited): string {
  const pods = nodes.filter(({ kind, images }) => kind === "Pod" && images?.includes(image));
  const said = pods.flatMap(({ name, health }) => (health?.message ? [`pod ${name}: ${health.message}`] : []));
  return [reason, ...said].join("; ");
}

function progress(kind: Progress["kind"], reason: string): Progress {
  return { kind, reason };
}
