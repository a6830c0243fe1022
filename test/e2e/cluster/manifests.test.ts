import { readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { getJson, kubectlWarnings } from "#test/parts/cluster/kubectl.ts";
import { makeNamespaces, useCluster } from "#test/parts/cluster/use.ts";
import { kustomizeText } from "#test/parts/kustomize.ts";

const root = resolve(import.meta.dirname, "../../..");
const overlays = (await readdir(join(root, "manifests"), { recursive: true, withFileTypes: true }))
  .filter(({ name }) => name === "kustomization.yaml")
  .map(({ parentPath }) => relative(root, parentPath))
  .filter((path) => path.includes("/overlays/") || path === "manifests/priority" || path === "manifests/platform")
  .sort();

interface Resource {
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: {
    template?: { metadata?: object; spec: { volumes?: object[] } };
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
}

useCluster();
beforeAll(async () => {
  await makeNamespaces(
    ...["dev", "local", "prod"].map((env) => `models-${env}`),
    "training-dev",
    "training-prod",
    "slipway-platform",
  );
  await kubectlWarnings(["apply", "-f", "-"], await kustomizeText(join(root, "manifests/priority")));
});

/** What the API server says to resources that it is only asked about. */
async function dryRun(resources: readonly unknown[]): Promise<string> {
  const list = { apiVersion: "v1", kind: "List", items: resources };
  const warnings = await kubectlWarnings(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(list));
  return warnings.replaceAll(/^Warning: resource .* is missing the kubectl.*\n/gm, ""); // kubectl's own, of how it was applied before
}

async function resourcesOf(folder: string): Promise<Resource[]> {
  return parseAllDocuments(await kustomizeText(join(root, folder))).map((document) => document.toJS() as Resource);
}

function podsOf(resources: readonly Resource[]): object[] {
  return resources.flatMap(({ metadata, spec }) => {
    if (!spec?.template) return [];
    const { name, namespace } = metadata;
    const { metadata: labels, spec: template } = spec.template;
    const claimed = (spec.volumeClaimTemplates ?? []).map(({ metadata: { name } }) => ({ name, emptyDir: {} }));
    const pod = { ...template, volumes: [...(template.volumes ?? []), ...claimed] };
    return [{ apiVersion: "v1", kind: "Pod", metadata: { ...labels, name, namespace }, spec: pod }];
  });
}

describe.each(overlays)("%s", (folder) => {
  test("the API server takes it without a warning", async () => {
    expect(await dryRun(await resourcesOf(folder))).toBe("");
  });

  test("each of its pods may run where Pod Security is restricted", async () => {
    const pods = podsOf(await resourcesOf(folder));
    for (const pod of pods) {
      const account = (pod as { spec: { serviceAccountName?: string } }).spec;
      expect(await dryRun([{ ...pod, spec: { ...account, serviceAccountName: "default" } }])).toBe("");
    }
    const wanted = { serving: 1, platform: 2 }[folder.split("/")[1] ?? ""] ?? 0;
    expect(pods).toHaveLength(wanted);
  });
});

test("a pod that may do more is refused, and its Deployment gets a warning", async () => {
  const resources = await resourcesOf("manifests/serving/overlays/prod/iris");
  const text = JSON.stringify(resources).replaceAll('"runAsNonRoot":true', '"runAsNonRoot":false');
  const privileged = JSON.parse(text) as Resource[];
  expect(await dryRun(privileged)).toMatch(/Warning: would violate PodSecurity "restricted:latest": runAsNonRoot/);
  const [pod] = podsOf(privileged) as [{ spec: object }];
  await expect(dryRun([{ ...pod, spec: { ...pod.spec, serviceAccountName: "default" } }])).rejects.toThrow(
    /violates PodSecurity "restricted:latest"/,
  );
});

test("Argo CD's own files are ones that its API knows", async () => {
  expect(await dryRun(await resourcesOf("argocd/apps"))).toBe("");
  expect(await dryRun(await resourcesOf("argocd/config"))).toBe("");
});

test("training in dev can't name prod's priority", async () => {
  await kubectlWarnings(["apply", "-f", "-"], await kustomizeText(join(root, "manifests/training/overlays/dev")));
  const quota = async () =>
    (await getJson("resourcequota", "other-priorities", "-n", "training-dev")) as { status?: { hard?: object } };
  await expect.poll(async () => (await quota()).status?.hard, { timeout: 60_000 }).toEqual({ pods: "0" });
  const container = {
    name: "a",
    image: "a:1",
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    resources: { requests: { cpu: "1", memory: "1Gi" } },
  };
  const pod = (priorityClassName: string) => ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "training-dev" } },
    spec: {
      priorityClassName,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
      containers: [container],
    },
  });
  expect(await dryRun([pod("slipway-training-dev")])).toBe("");
  await expect(dryRun([pod("slipway-training-prod")])).rejects.toThrow(/exceeded quota: other-priorities/);
  await expect(dryRun([pod("slipway-serving")])).rejects.toThrow(/exceeded quota: other-priorities/);
});
