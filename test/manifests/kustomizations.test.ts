import { execFile } from "node:child_process";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { kubeconform } from "#test/parts/kubeconform.ts";
import { kustomizeBuild, kustomizeText } from "#test/parts/kustomize.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const root = resolve(import.meta.dirname, "../..");

async function kustomizations(): Promise<string[]> {
  const found = await Promise.all(
    ["manifests", "argocd"].map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      return entries.filter(({ name }) => name === "kustomization.yaml").map(({ parentPath }) => parentPath);
    }),
  );
  return found.flat().sort();
}

const folders = await kustomizations();
const whole = (
  await Promise.all(
    folders.map(async (folder) => {
      const { kind } = parse(await readFile(join(folder, "kustomization.yaml"), "utf8")) as { kind: string };
      return kind === "Kustomization" ? [relative(root, folder)] : [];
    }),
  )
).flat();

test("there are overlays of every kind", () => {
  expect(whole).toEqual(
    expect.arrayContaining([
      "argocd/apps",
      "manifests/priority",
      "manifests/serving/overlays/dev/iris",
      "manifests/serving/overlays/local/iris",
      "manifests/serving/overlays/prod/iris",
      "manifests/training/overlays/dev",
      "manifests/training/overlays/prod",
    ]),
  );
});

test.each(whole)("%s builds, and keeps to Kubernetes' schemas", async (folder) => {
  const built = await kustomizeText(join(root, folder));
  await expect(kubeconform(built)).resolves.toBeUndefined();
});

test("a field that Kubernetes does not know fails the check", async () => {
  const built = await kustomizeText(join(root, "manifests/serving/overlays/dev/iris"));
  await expect(kubeconform(built.replace("readOnlyRootFilesystem", "readOnlyFilesystem"))).rejects.toThrow(
    /Deployment iris-serving is invalid[\s\S]*readOnlyFilesystem/,
  );
});

describe("priorities", () => {
  test("serving comes before the platform, prod training, everything else and dev training", async () => {
    const text = await readFile(join(root, "manifests/priority/priority-classes.yaml"), "utf8");
    const classes = text.split(/^---$/m).map((each) => parse(each));
    const values = Object.fromEntries(classes.map(({ metadata, value }) => [metadata.name, value]));
    const { "slipway-serving": serving, "slipway-platform": platform } = values;
    const { "slipway-training-prod": prod, "slipway-training-dev": dev } = values;
    expect([serving, platform, prod, 0, dev]).toEqual([serving, platform, prod, 0, dev].toSorted((a, b) => b - a));
    expect(classes.filter(({ globalDefault }) => globalDefault)).toEqual([]);
    expect(classes.find(({ metadata }) => metadata.name === "slipway-training-dev")).toMatchObject({
      preemptionPolicy: "Never",
    });
  });

  test.each([
    ["dev", ["slipway-serving", "slipway-platform", "slipway-training-prod"]],
    ["prod", ["slipway-serving", "slipway-platform"]],
  ])("training in %s has a quota of its own, and none of those above it", async (env, above) => {
    const text = await readFile(join(root, "manifests/training/overlays", env, "resource-quotas.yaml"), "utf8");
    const [own, others] = text.split(/^---$/m).map((each) => parse(each).spec);
    expect(own.scopeSelector.matchExpressions[0].values).toEqual([`slipway-training-${env}`]);
    expect(others).toMatchObject({ hard: { pods: "0" }, scopeSelector: { matchExpressions: [{ values: above }] } });
  });

  test("a model server has the highest", async () => {
    const { Deployment } = await kustomizeBuild(join(root, "manifests/serving/overlays/prod/iris"));
    expect(Deployment).toMatchObject({ spec: { template: { spec: { priorityClassName: "slipway-serving" } } } });
  });
});

test("an overlay that scales by itself leaves the number of replicas to the autoscaler", async () => {
  await using folder = await temporaryFolder();
  await cp(join(root, "manifests"), join(folder.path, "manifests"), { recursive: true });
  const path = join(folder.path, "manifests/serving/overlays/prod/iris/kustomization.yaml");
  const source = await readFile(path, "utf8");
  const scaling = source.replace(/replicas:\n(?: .*\n)+/, "components: [../../../components/hpa]\n");
  await writeFile(path, scaling);
  const { Deployment, HorizontalPodAutoscaler } = await kustomizeBuild(dirname(path));
  expect(Deployment).not.toHaveProperty("spec.replicas");
  expect(HorizontalPodAutoscaler).toMatchObject({
    metadata: { name: "iris-serving" },
    spec: { scaleTargetRef: { kind: "Deployment", name: "iris-serving" } },
  });
  await expect(kubeconform(await kustomizeText(dirname(path)))).resolves.toBeUndefined();
});

test("an overlay whose server logs requests gives it the place, keys and the way to the store, and nothing else", async () => {
  await using folder = await temporaryFolder();
  await cp(join(root, "manifests"), join(folder.path, "manifests"), { recursive: true });
  const path = join(folder.path, "manifests/serving/overlays/prod/iris/kustomization.yaml");
  const before = await kustomizeBuild(dirname(path));
  expect(before["NetworkPolicy"]).toMatchObject({ spec: { egress: [] } });
  await writeFile(path, `${await readFile(path, "utf8")}components: [../../../components/request-log]\n`);
  const { Deployment, NetworkPolicy, ...others } = await kustomizeBuild(dirname(path));
  expect(Deployment).toMatchObject({
    spec: {
      template: {
        spec: {
          automountServiceAccountToken: false,
          containers: [
            { envFrom: [{ configMapRef: { name: "serving" } }, { secretRef: { name: "serving", optional: true } }] },
          ],
        },
      },
    },
  });
  const ports = [53, 53, 443, 8333].map((port) => expect.objectContaining({ port }));
  expect(NetworkPolicy).toMatchObject({ spec: { egress: [{ ports: ports.slice(0, 2) }, { ports: ports.slice(2) }] } });
  expect(before).toMatchObject(others);
  await expect(kubeconform(await kustomizeText(dirname(path)))).resolves.toBeUndefined();
});

test("each model of dev also runs on one machine, at a port of its own", async () => {
  const models = (env: string) => readdir(join(root, "manifests/serving/overlays", env));
  expect(await models("local")).toEqual(await models("dev"));
  const services = (await models("local")).map(async (model) => {
    const { Service } = await kustomizeBuild(join(root, "manifests/serving/overlays/local", model));
    return (Service as { spec: { ports: { nodePort: number }[] } }).spec.ports[0]?.nodePort;
  });
  const ports = await Promise.all(services);
  expect(new Set(ports).size).toBe(ports.length);
});

test("on one machine a server is reached at a port of the node", async () => {
  const { Service, Deployment } = await kustomizeBuild(join(root, "manifests/serving/overlays/local/iris"));
  expect(Service).toMatchObject({ spec: { type: "NodePort", ports: [{ nodePort: 30_080, targetPort: "http" }] } });
  expect(Deployment).toMatchObject({ metadata: { namespace: "models-local" } });
});

test("the same repository stands in every Application", async () => {
  const text = await kustomizeText(join(root, "argocd/apps"));
  const urls = [...text.matchAll(/repoURL: (\S+)|sourceRepos:\n\s+- (\S+)/g)].map(([, url, source]) => url ?? source);
  expect(new Set(urls)).toEqual(new Set(["https://github.com/OWNER/REPOSITORY.git"]));
  expect(urls).toHaveLength(8);
});

test("no file of manifests/ or argocd/ is left out of every kustomization", async () => {
  const { stdout } = await promisify(execFile)("git", ["ls-files", "manifests", "argocd"], { cwd: root });
  const files = stdout.split("\n").filter((path) => path.endsWith(".yaml") && !path.endsWith("kustomization.yaml"));
  const texts = await Promise.all(folders.map((folder) => readFile(join(folder, "kustomization.yaml"), "utf8")));
  const named = (path: string) =>
    texts.some((text, index) => text.includes(relative(folders[index] as string, join(root, path))));
  const applied = ["argocd/root.yaml", "argocd/local/root.yaml"]; // by hand, and by npm run cluster
  expect(files.filter((path) => !named(path) && !applied.includes(path))).toEqual([]);
});
