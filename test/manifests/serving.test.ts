import { cp, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { overlayPath, writeOverlay } from "#actions/gitops/overlay.ts";
import { kustomizeBuild } from "#test/parts/kustomize.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const root = resolve(import.meta.dirname, "../..");
const hex = (character: string) => `sha256:${character.repeat(64)}`;
const release = {
  version: "3",
  modelDigest: hex("a"),
  packageUri: "s3://models/iris/0123456789abcdef/candidate/model",
  contentHash: hex("c"),
  gitSha: "0123456789abcdef0123456789abcdef01234567",
  runId: "4c1f0a",
  image: { name: "iris", tag: "iris-aaaaaaaaaaaa-bbbbbbbbbbbb" },
};
const environments = ["dev", "prod"];

/** What the tests look at, of a Deployment that kustomize built. */
interface Deployment {
  metadata: { name: string; namespace: string };
  spec: {
    replicas: number;
    selector: { matchLabels: Record<string, string> };
    template: {
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
      spec: {
        automountServiceAccountToken: boolean;
        serviceAccountName: string;
        securityContext: Record<string, unknown>;
        volumes: Record<string, unknown>[];
        containers: {
          image: string;
          env: { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[];
          ports: { name: string; containerPort: number }[];
          securityContext: Record<string, unknown>;
          resources: { requests: Record<string, string>; limits: Record<string, string> };
          livenessProbe: { httpGet: unknown };
          readinessProbe: { httpGet: unknown };
        }[];
      };
    };
  };
}

async function build(folder: string, env: string) {
  const resources = await kustomizeBuild(join(folder, "manifests/serving/overlays", env, "iris"));
  const deployment = resources["Deployment"] as Deployment;
  const [container, ...others] = deployment.spec.template.spec.containers;
  if (!container || others.length > 0) throw new Error("one container was expected");
  return { resources, deployment, container };
}

/** What the kubelet gives the container: downward references resolved against its own pod. */
function environmentOf({
  deployment,
  container,
}: Awaited<ReturnType<typeof build>>): Record<string, string | undefined> {
  const { labels, annotations } = deployment.spec.template.metadata;
  const lookUp = (path: string) => {
    const [, map, key = ""] = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path) ?? [];
    return map === "labels" ? labels[key] : annotations[key];
  };
  return Object.fromEntries(
    container.env.map(({ name, value, valueFrom }) => [name, valueFrom ? lookUp(valueFrom.fieldRef.fieldPath) : value]),
  );
}

async function checkoutWith(env: string, change: (source: string) => string) {
  const folder = await temporaryFolder();
  await cp(join(root, "manifests"), join(folder.path, "manifests"), { recursive: true });
  const path = join(folder.path, overlayPath(env, "iris"));
  await writeFile(path, change(await readFile(path, "utf8")));
  return folder;
}

describe.each(environments)("%s", (env) => {
  test("before any promotion it builds, runs nothing and names no model", async () => {
    const built = await build(root, env);
    expect(built.deployment.spec.replicas).toBe(0);
    expect(built.container.image).toBe("iris:none");
    expect(environmentOf(built)).toMatchObject({
      MODEL_NAME: "iris",
      MODEL_VERSION: "",
      MODEL_DIGEST: "",
    });
  });

  test("after a promotion the pod runs that image and is told the digest it must serve", async () => {
    await using folder = await checkoutWith(env, (source) => writeOverlay(source, release));
    const built = await build(folder.path, env);
    expect(built.deployment.spec.replicas).toBe(2);
    expect(built.container.image).toBe("iris:iris-aaaaaaaaaaaa-bbbbbbbbbbbb");
    expect(environmentOf(built)).toMatchObject({
      MODEL_NAME: "iris",
      MODEL_VERSION: "3",
      MODEL_DIGEST: release.modelDigest,
      MODEL_CONTENT_HASH: release.contentHash,
      MODEL_GIT_SHA: release.gitSha,
      MODEL_RUN_ID: release.runId,
    });
  });

  test("once an image was pushed its digest stands beside the tag", async () => {
    await using folder = await checkoutWith(env, (source) => {
      return writeOverlay(source, { ...release, image: { ...release.image, digest: hex("d") } });
    });
    expect((await build(folder.path, env)).container.image).toBe(`iris:iris-aaaaaaaaaaaa-bbbbbbbbbbbb@${hex("d")}`);
  });
});

describe("pods roll exactly when the model or the image changes", () => {
  const template = async (change: (source: string) => string) => {
    await using folder = await checkoutWith("dev", (source) => change(writeOverlay(source, release)));
    return (await build(folder.path, "dev")).deployment.spec.template;
  };
  test("another model digest", async () => {
    const changed = await template((source) => writeOverlay(source, { ...release, modelDigest: hex("b") }));
    expect(changed).not.toEqual(await template((source) => source));
  });
  test("another image", async () => {
    const changed = await template((source) =>
      writeOverlay(source, { ...release, image: { name: "iris", tag: "other" } }),
    );
    expect(changed).not.toEqual(await template((source) => source));
  });
  test("not the same release once more, not another number of replicas", async () => {
    const same = await template((source) => writeOverlay(source, release).replace("count: 2", "count: 7"));
    expect(same).toEqual(await template((source) => source));
  });
});

test("the pod keeps to Pod Security's restricted profile", async () => {
  const { deployment, container } = await build(root, "dev");
  const { spec } = deployment.spec.template;
  expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(spec.volumes.map(({ name, ...source }) => Object.keys(source))).toEqual([["emptyDir"]]);
  expect(spec).not.toHaveProperty("hostNetwork");
  expect(container.ports).toEqual([{ name: "http", containerPort: 8000 }]);
});

test("the pod has no token, asks for what it needs and is probed on its own routes", async () => {
  const { resources, deployment, container } = await build(root, "dev");
  const { spec } = deployment.spec.template;
  expect(spec.automountServiceAccountToken).toBe(false);
  expect(resources["ServiceAccount"]).toMatchObject({
    automountServiceAccountToken: false,
    metadata: { name: spec.serviceAccountName },
  });
  expect(container.resources).toMatchObject({ requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "1Gi" } });
  expect(container.livenessProbe.httpGet).toEqual({ path: "/health/live", port: "http" });
  expect(container.readinessProbe.httpGet).toEqual({ path: "/health/ready", port: "http" });
});

test("Service, Deployment and PodDisruptionBudget choose the same pods, and only this model's", async () => {
  const { resources, deployment } = await build(root, "dev");
  const selector = { "app.kubernetes.io/name": "serving", "app.kubernetes.io/instance": "iris" };
  expect(deployment.spec.selector.matchLabels).toEqual(selector);
  expect(deployment.spec.template.metadata.labels).toMatchObject(selector);
  expect(resources["Service"]).toMatchObject({ metadata: { name: "iris-serving" }, spec: { selector } });
  expect(resources["PodDisruptionBudget"]).toMatchObject({ spec: { selector: { matchLabels: selector } } });
});
