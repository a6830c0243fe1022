import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { buildApp } from "#serving/app.ts";
import { createLifecycle } from "#serving/lifecycle.ts";
import { loadModel } from "#serving/load.ts";
import { writeCifar10Package } from "#test/parts/cifar10-served.ts";
import { kustomizeBuild } from "#test/parts/kustomize.ts";
import { alertsAndRecords, metricsIn, type PrometheusRule } from "#test/parts/monitoring.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const folder = resolve(import.meta.dirname, "../../manifests/platform/monitoring");

// github.com/NVIDIA/dcgm-exporter, etc/default-counters.csv, of which these are
const gpuMetrics = [
  ...["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_MEM_COPY_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE"],
  ...["DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_XID_ERRORS"],
];
// github.com/kubernetes/kube-state-metrics, docs/metrics/workload: job-metrics.md and pod-metrics.md
const clusterMetrics = [
  ...["kube_job_status_active", "kube_job_status_failed", "kube_job_status_succeeded"],
  ...["kube_job_status_start_time", "kube_job_status_completion_time"],
  ...["kube_pod_status_phase", "kube_pod_container_resource_requests"],
];
// github.com/google/cadvisor, docs/storage/prometheus.md, by way of the kubelet
const containerMetrics = ["container_cpu_usage_seconds_total", "container_memory_working_set_bytes"];

let rules: PrometheusRule;
let dashboards: { uid: string; panels: { id: number; targets: { expr: string }[] }[] }[];
let emitted: Set<string>;

beforeAll(async () => {
  const built = await kustomizeBuild(folder);
  rules = built["PrometheusRule"] as PrometheusRule;
  const names = await readdir(join(folder, "dashboards"));
  dashboards = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, "dashboards", name), "utf8"))),
  );
  emitted = await serverMetrics();
});

/** Names of all series of a server that sees a GPU, and whose model has a process of its own. */
async function serverMetrics(): Promise<Set<string>> {
  await using model = await temporaryFolder();
  const { digest } = await writeCifar10Package(model.path);
  const served = await loadModel({ folder: model.path, digest, lineage: { name: "cifar10", version: "1" } });
  if (served.kind === "broken") throw served.cause;
  const limits = { bodyLimitBytes: 1_048_576, requestTimeoutMs: 1000 };
  const gpus = { memory: () => [{ gpu: "0", usedBytes: 1, totalBytes: 2 }], stop: () => undefined };
  const app = await buildApp({ served, lifecycle: createLifecycle(served), limits, gpus });
  try {
    const { payload } = await app.inject("/metrics");
    return new Set(
      [...payload.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = "", type]) =>
        type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name],
      ),
    );
  } finally {
    await app.close();
  }
}

test("every metric of every rule and panel is one that somebody emits", () => {
  const { records, exprs } = alertsAndRecords(rules);
  const panels = dashboards.flatMap((board) => board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
  const known = new Set([...emitted, ...records, ...gpuMetrics, ...clusterMetrics, ...containerMetrics]);
  const asked = [...exprs, ...panels].flatMap(metricsIn);
  expect(asked.length).toBeGreaterThan(80);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});

test("GPU memory that servers see is looked at", () => {
  const panels = dashboards.flatMap((board) => board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
  const own = [...emitted].filter((name) => name.startsWith("gpu_memory_"));
  expect(own).toHaveLength(2);
  expect(panels.flatMap(metricsIn)).toEqual(expect.arrayContaining(own));
});

test("every record is looked at, by a rule or a panel", () => {
  const { records, exprs } = alertsAndRecords(rules);
  const panels = dashboards.flatMap((board) => board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
  const asked = new Set([...exprs, ...panels].flatMap(metricsIn));
  expect(records.filter((name) => !asked.has(name))).toEqual([]);
});

test("every alert says what is wrong and how bad it is", () => {
  for (const rule of rules.spec.groups.flatMap((group) => group.rules)) {
    if (rule.alert === undefined) continue;
    expect(rule.labels?.["severity"], rule.alert).toMatch(/^(warning|critical)$/);
    expect(rule.annotations?.["summary"], rule.alert).toMatch(/\{\{/);
  }
});

test("dashboards have names and panels of their own, and Grafana's sidecar finds them", async () => {
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(5);
  for (const { panels } of dashboards) expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const { ConfigMap } = await kustomizeBuild(folder);
  expect(ConfigMap).toMatchObject({ metadata: { labels: { grafana_dashboard: "1" } } });
});
