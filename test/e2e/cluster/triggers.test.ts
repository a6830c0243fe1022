import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { program } from "#test/parts/cluster/place.ts";
import { commandOutput } from "#test/parts/command.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const settings = resolve(import.meta.dirname, "../../../argocd/config/argocd-notifications-cm.yaml");
const [before, start, after] = ["2026-11-26T14:00:00Z", "2026-11-26T15:00:00Z", "2026-11-26T15:00:30Z"];

interface Seen {
  sync?: string;
  revision?: string; // that was synced last; what git says is "new"
  tried?: string; // revision of an operation that ended before its sync began
  phase?: string | undefined;
  health: string;
  since?: string | undefined;
  jobs?: object[]; // health of each; absent where Argo CD keeps that of all together alone
}

/** Whether Argo CD would send what a trigger is for, by its own program: it reads all from files, and reaches no cluster. */
async function isTriggered(
  trigger: string,
  { sync = "Synced", revision = "new", tried, phase, health, since, jobs }: Seen,
) {
  await using folder = await temporaryFolder();
  const [app, kubeconfig] = [join(folder.path, "app.yaml"), join(folder.path, "kubeconfig")];
  const operation = tried ? { operation: { sync: { revision: tried } } } : { operation: {}, syncResult: { revision } };
  const operationState = phase && { phase, startedAt: start, ...operation };
  const status = {
    sync: { status: sync, revision: "new" },
    health: { status: health, ...(since && { lastTransitionTime: since }) },
    ...(operationState && { operationState }),
    resources: [
      { kind: "ConfigMap", name: "train" },
      ...(jobs ?? []).map((of) => ({ kind: "Job", name: "train", health: of })),
    ],
    ...(!jobs && { resourceHealthSource: "appTree" }),
  };
  const about = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata: { name: "serving-dev-iris" } };
  await writeFile(app, stringify({ ...about, spec: { source: { repoURL: "https://git.test/octo/models" } }, status }));
  const cluster = { clusters: [{ name: "none", cluster: { server: "http://127.0.0.1:9" } }] };
  const context = { contexts: [{ name: "none", context: { cluster: "none", user: "none", namespace: "argocd" } }] };
  const config = { apiVersion: "v1", kind: "Config", ...cluster, ...context, "current-context": "none" };
  await writeFile(kubeconfig, stringify({ ...config, users: [{ name: "none", user: {} }] }));
  const words = ["admin", "notifications", "trigger", "run", trigger, app, `--config-map=${settings}`];
  const env = { ARGOCD_BINARY_NAME: "argocd", KUBECONFIG: kubeconfig };
  const { stdout } = await commandOutput([program("argocd"), ...words, "--secret=:empty"], { env });
  const told = [...stdout.matchAll(/\s(true|false)\s*$/gm)].map(([, result]) => result); // a line a condition
  if (told.length === 0) throw new Error(stdout);
  return told.includes("true");
}

// as argocd/config/argocd-cm.yaml tells it
const trained = { status: "Healthy", message: "trained" };
const failed = { status: "Degraded", message: "Job has reached the specified backoff limit" };
const trains = { status: "Progressing", message: "training" };
const waits = { status: "Healthy", message: "queued: waits for its turn" };
const synced = { phase: "Succeeded", since: after };
test.each<[string, string, Seen, boolean]>([
  ["deployed", "is synced and healthy", { ...synced, health: "Healthy" }, true],
  ["deployed", "needed no sync", { ...synced, revision: "old", health: "Healthy" }, true],
  [
    "deployed",
    "is not synced yet, while the last is healthy",
    { ...synced, sync: "OutOfSync", health: "Healthy" },
    false,
  ],
  ["deployed", "is starting", { ...synced, health: "Progressing" }, false],
  ["degraded", "can't start", { ...synced, health: "Degraded" }, true],
  ["degraded", "could not be synced", { sync: "OutOfSync", phase: "Failed", health: "Healthy", since: before }, true],
  [
    "degraded",
    "is not tried yet, where the last could not be synced",
    { revision: "old", phase: "Failed", health: "Healthy" },
    false,
  ],
  [
    "degraded",
    "is just synced, where the last could not start",
    { ...synced, health: "Degraded", since: before },
    false,
  ],
  [
    "degraded",
    "could not even be compared",
    { sync: "OutOfSync", phase: "Error", health: "Healthy", tried: "new" },
    true,
  ],
  [
    "degraded",
    "is not tried yet, where the last could not even be compared",
    { sync: "OutOfSync", phase: "Error", health: "Healthy", tried: "old" },
    false,
  ],
  ["degraded", "is starting", { ...synced, health: "Progressing" }, false],
  ["degraded", "is the first that Argo CD sees", { sync: "Unknown", health: "Missing" }, false],
  [
    "training-ended",
    "has a Job that trained, while another trains",
    { ...synced, health: "Progressing", jobs: [trained, trains] },
    true,
  ],
  [
    "training-ended",
    "has a Job that failed, while another waits",
    { ...synced, health: "Degraded", jobs: [failed, waits] },
    true,
  ],
  [
    "training-ended",
    "has Jobs that train and wait",
    { ...synced, health: "Progressing", jobs: [trains, waits] },
    false,
  ],
  ["training-ended", "has no Job", { ...synced, health: "Healthy", jobs: [] }, false],
  ["training-ended", "has no Job that trains", { ...synced, health: "Healthy" }, true],
  ["training-ended", "has a Job that failed", { ...synced, health: "Degraded" }, true],
  ["training-ended", "has a Job that trains", { ...synced, health: "Progressing" }, false],
])("%s: a revision that %s", async (trigger, _, seen, expected) => {
  expect(await isTriggered(trigger, seen)).toBe(expected);
});
