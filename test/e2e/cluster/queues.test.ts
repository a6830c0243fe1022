import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getJson, kubectl } from "#test/parts/cluster/kubectl.ts";
import { makeNamespaces, useCluster } from "#test/parts/cluster/use.ts";
import { drawWaits, type Wait } from "#test/parts/cluster/waits.ts";
import { kustomizeText } from "#test/parts/kustomize.ts";

const root = resolve(import.meta.dirname, "../../..");
const nodes = 50;
const jobsOfATeam = 100;
const seconds = 20; // of work, a Job: long enough that GPUs and not the ordering of pods are what is short
// two teams, one that releases and one that tries out; of the 50 GPUs they may hold 45 and 25
const teams = [
  { namespace: "queues-prod", priority: "slipway-training-prod", quota: 45 },
  { namespace: "queues-dev", priority: "slipway-training-dev", quota: 25 },
];

interface Pod {
  metadata: { name: string; namespace: string; creationTimestamp: string; ownerReferences: { name: string }[] };
  spec: { nodeName?: string; priorityClassName: string };
  status: {
    phase: string;
    startTime?: string;
    conditions?: { type: string; status: string; lastTransitionTime: string }[];
  };
}
interface Job {
  metadata: { name: string; namespace: string; creationTimestamp: string };
  spec: { template: { spec: { priorityClassName: string } } };
  status: { startTime?: string; completionTime?: string; conditions?: { type: string; status: string }[] };
}

useCluster();
beforeAll(async () => {
  await makeNamespaces(...teams.map(({ namespace }) => namespace));
  await kubectl(["apply", "-f", "-"], await kustomizeText(join(root, "manifests/priority")));
  await apply(Array.from({ length: nodes }, (_, index) => fakeNode(`fake-gpu-${index}`)));
  await apply(teams.map(quotaOf));
});
afterAll(async () => {
  await kubectl(["delete", "namespace", ...teams.map(({ namespace }) => namespace), "--wait=true"]);
  await kubectl(["delete", "nodes", "--selector=slipway.test/queues=true"]);
});

async function apply(items: readonly object[]): Promise<void> {
  await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

function fakeNode(name: string) {
  const room = { cpu: "16", memory: "64Gi", pods: "110", "nvidia.com/gpu": "1" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
      labels: { "slipway.test/queues": "true", "kubernetes.io/hostname": name },
    },
    status: { allocatable: room, capacity: room },
  };
}

function quotaOf({ namespace, priority, quota }: (typeof teams)[number]) {
  const scopeSelector = { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: [priority] }] };
  const spec = { hard: { "requests.nvidia.com/gpu": String(quota) }, scopeSelector };
  return { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "training", namespace }, spec };
}

function job({ namespace, priority }: (typeof teams)[number], index: number) {
  const limits = { "nvidia.com/gpu": 1 };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: `train-${index}`, namespace },
    spec: {
      backoffLimit: 0,
      podFailurePolicy: {
        rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
      },
      template: {
        metadata: { annotations: { "slipway.test/seconds-of-work": `${seconds}s` } },
        spec: {
          restartPolicy: "Never",
          priorityClassName: priority,
          terminationGracePeriodSeconds: 1,
          nodeSelector: { "slipway.test/queues": "true" },
          securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "train",
              image: "training:none", // a fake node runs nothing
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
              resources: { limits },
            },
          ],
        },
      },
    },
  };
}

test("two hundred Jobs of two teams over fifty GPUs: by priority, within quotas, and none is lost", async () => {
  const orders = Array.from({ length: jobsOfATeam }, (_, index) => teams.map((team) => job(team, index))).flat();
  await apply(orders);
  const held: Record<string, number>[] = [];
  const jobs = async () => {
    const lists = await Promise.all(teams.map(({ namespace }) => getJson("jobs", "-n", namespace)));
    return lists.flatMap((list) => (list as { items: Job[] }).items);
  };
  await expect
    .poll(
      async () => {
        const lists = await Promise.all(teams.map(({ namespace }) => getJson("pods", "-n", namespace)));
        const active = lists.map((list) =>
          (list as { items: Pod[] }).items.filter(({ status }) => !["Succeeded", "Failed"].includes(status.phase)),
        );
        held.push(Object.fromEntries(teams.map(({ namespace }, index) => [namespace, active[index]?.length ?? 0])));
        const running = active.flat().filter(({ spec }) => spec.nodeName);
        const perNode = Map.groupBy(running, ({ spec }) => spec.nodeName);
        expect([...perNode.values()].filter((pods) => pods.length > 1)).toEqual([]); // one GPU a node
        return (await jobs()).filter(({ status }) => status.completionTime).length;
      },
      { timeout: 800_000, interval: 1_000 },
    )
    .toBe(2 * jobsOfATeam);

  for (const { namespace, quota } of teams) {
    expect(Math.max(...held.map((sample) => sample[namespace] ?? 0))).toBeLessThanOrEqual(quota);
  }
  const done = await jobs();
  expect(
    done.filter(
      ({ status }) => !status.conditions?.some(({ type, status: is }) => type === "Complete" && is === "True"),
    ),
  ).toEqual([]);
  const waits = done.map(waitOf);
  const medians = teams.map(({ priority }) =>
    median(waits.filter((wait) => wait.priority === priority).map((wait) => wait.seconds)),
  );
  expect(medians[0]).toBeLessThan(medians[1] as number);
  const folder = join(root, "outputs/queues");
  await mkdir(folder, { recursive: true });
  const { table, plot } = await drawWaits(waits);
  await writeFile(join(folder, "waits.md"), table);
  await writeFile(join(folder, "waits.svg"), plot);
  console.log(`${table}\n${join(folder, "waits.svg")}`);
});

/** From the order to the end, less the work itself: a fake node works for as long as it is told. */
function waitOf({ metadata, spec, status }: Job): Wait {
  const total = (Date.parse(status.completionTime ?? "") - Date.parse(metadata.creationTimestamp)) / 1000;
  return { priority: spec.template.spec.priorityClassName, seconds: Math.max(0, total - seconds) };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
