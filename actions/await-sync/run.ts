import { setTimeout as sleep } from "node:timers/promises";
import { applicationName } from "#actions/gitops/application.ts";
import type { Argocd } from "#actions/gitops/argocd.ts";
import { ArgocdUnreachableError } from "#actions/gitops/argocd-errors.ts";
import { readChampion } from "#actions/gitops/champion.ts";
import type { CodeHistory } from "#actions/gitops/code-history.ts";
import type { Committer } from "#actions/gitops/committer.ts";
import type { Overlay } from "#actions/gitops/overlay.ts";
import { BadInputError } from "#config/bad-input.ts";
import { type Awaited, imageOf, type Progress, progressOf } from "./progress.ts";

/** A promotion to wait for. */
export interface Wanted {
  env: string;
  model: string;
  commit: string; // of the manifests
}

export interface AwaitParts {
  argocd: Argocd;
  committer: Committer; // of the branch that Argo CD follows
  history: Pick<CodeHistory, "relation">; // of the same repository
  timeoutMs: number;
  pollMs?: number;
  lastingMs?: number; // for how long what fails may still mend itself
  info: (line: string) => void;
}

/** How it ended; `timeout`: nothing is known to be wrong, but it took too long. */
export type Awakening = { kind: Exclude<Progress["kind"], "waiting"> | "timeout"; reason: string; release: Overlay };

/**
 * Waits until the cluster runs what a commit promoted, or until it is known that it will not. The first look makes Argo CD look
 * at git. Where Argo CD is away for a while it goes on; that it never answered throws `ArgocdUnreachableError`.
 * Throws a `BadInputError` where the commit promoted nothing.
 */
export async function awaitSync(wanted: Wanted, parts: AwaitParts): Promise<Awakening> {
  const { argocd, committer, info, timeoutMs, pollMs = 2_000 } = parts;
  const release = await releaseOf(wanted, committer);
  const awaited: Awaited = { ...release, image: imageOf(release.image) };
  const degraded = createStopwatch();
  let last = "";
  let unreachable: ArgocdUnreachableError | undefined;
  let hasAnswered = false;
  for (const end = Date.now() + timeoutMs, isFirst = { value: true }; ; await sleep(pollMs)) {
    try {
      const found = await look(wanted, { ...parts, awaited, refresh: isFirst.value, degraded });
      [hasAnswered, unreachable, isFirst.value] = [true, undefined, false];
      if (found.kind !== "waiting") return { kind: found.kind, reason: found.reason, release };
      if (found.reason !== last) info(found.reason);
      last = found.reason;
    } catch (error) {
      if (!(error instanceof ArgocdUnreachableError)) throw error;
      if (!unreachable) info(error.message);
      unreachable = error;
    }
    if (Date.now() < end) continue;
    if (unreachable && !hasAnswered) throw unreachable;
    const minutes = Math.round(timeoutMs / 6_000) / 10;
    const url = `${argocd.url}/applications/${applicationName(wanted)}`;
    return {
      kind: "timeout",
      reason: `not deployed after ${minutes} minutes: ${unreachable?.message ?? last}. See ${url}`,
      release,
    };
  }
}

interface Look extends AwaitParts {
  awaited: Awaited;
  refresh: boolean;
  degraded: ReturnType<typeof createStopwatch>;
}

async function look({ env, model, commit }: Wanted, parts: Look): Promise<Progress> {
  const { argocd, committer, history, awaited, refresh, degraded, lastingMs } = parts;
  const name = applicationName({ env, model });
  const application = await argocd.application(name, { refresh });
  const { namespace } = application.spec.destination;
  const [tree, deployment, promoted, relation] = await Promise.all([
    argocd.resourceTree(name),
    argocd.deployment(name, { namespace, name: `${model}-serving` }),
    readChampion(committer, { env, model }),
    history.relation(application.status.sync?.revision || undefined, commit),
  ]);
  const isDegraded = application.status.health?.status === "Degraded" || tree.nodes.some(isFailing);
  const isBroken = application.status.conditions?.some(({ type }) => type === "ComparisonError") ?? false;
  const degradedMs = degraded(isDegraded || isBroken);
  return progressOf({ awaited, relation, promoted, application, deployment, tree, degradedMs, lastingMs });
}

/** A pod that can't start; while its old ones answer, the Application as a whole only says that it is progressing. */
function isFailing({ kind, health }: { kind: string; health?: { status?: string | undefined } | undefined }): boolean {
  return kind === "Pod" && health?.status === "Degraded";
}

/** What a commit promoted. Throws a `BadInputError` where it is nothing. */
export async function releaseOf({ env, model, commit }: Wanted, committer: Committer): Promise<Overlay> {
  const release = await readChampion({ ...committer, head: async () => commit }, { env, model });
  if (release) return release;
  throw new BadInputError(`${committer.repository}: ${commit} promotes no version of ${model} to ${env}`);
}

/** For how long something has been so, in milliseconds; 0 when it is not. */
function createStopwatch() {
  let since: number | undefined;
  return (isSo: boolean): number => {
    if (!isSo) since = undefined;
    else since ??= Date.now();
    return since === undefined ? 0 : Date.now() - since;
  };
}
