import { cp, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { jobName, renderJob } from "#actions/train/job.ts";
import { loadConfig } from "#config/load.ts";
import { forwardFromPods, forwardHttpFromPods } from "#test/parts/cluster/forward.ts";
import { buildImage, pushImage, startDocker, stopDocker } from "#test/parts/cluster/images.ts";
import { getJson, kubectl } from "#test/parts/cluster/kubectl.ts";
import { nodeName, registryHost } from "#test/parts/cluster/place.ts";
import { makeNamespaces, useCluster } from "#test/parts/cluster/use.ts";
import { kustomizeText } from "#test/parts/kustomize.ts";
import { startMlflow } from "#test/parts/mlflow.ts";
import { runProgram } from "#test/parts/program.ts";
import { startS3 } from "#test/parts/s3.ts";
import { writeSmallCheckpoint } from "#test/parts/small-checkpoint.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { storedPoints } from "#test/training/mlflow/recorded.ts";
import { Candidate } from "#training/candidate.ts";
import { candidatePrefix } from "#training/candidate-store.ts";
import { contentHash } from "#training/content-hash.ts";
import { dataManifest } from "#training/data/manifest.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";
import { checkpointContent } from "#training/pretrained/files.ts";
import { Release } from "#training/release.ts";
import { openStorage } from "#training/storage/open.ts";

const root = resolve(import.meta.dirname, "../../..");
const epochs = 6_000;
const sampleFolder = "/work/data"; // in a pod: data that is brought from the sample
const stack = new AsyncDisposableStack();
let mlflow: Awaited<ReturnType<typeof startMlflow>>;
let s3: Awaited<ReturnType<typeof startS3>>;
let image: string;
let hosts: { mlflow: string; s3: string };

useCluster();
beforeAll(async () => {
  mlflow = stack.use(await startMlflow());
  s3 = stack.use(await startS3({ buckets: ["datasets", "models"] }));
  Object.assign(process.env, s3.variables); // the candidates are read from here too
  const [mlflowPort, s3Port] = [mlflow.uri, s3.endpoint].map((uri) => Number(new URL(uri).port)) as [number, number];
  hosts = {
    mlflow: stack.use(await forwardHttpFromPods(mlflowPort)).host,
    s3: stack.use(await forwardFromPods(s3Port)).host,
  };
  image = await trainingImage();
  await makeNamespaces("training-dev", "training-prod", "models-full");
  await kubectl(["apply", "-f", "-"], await kustomizeText(join(root, "manifests/priority")));
  for (const env of ["dev", "prod"]) {
    await kubectl(["apply", "-f", "-"], await kustomizeText(join(root, "manifests/training/overlays", env)));
    const settings = Object.entries({ ...s3.variables, AWS_ENDPOINT_URL_S3: `http://${hosts.s3}` });
    const literals = settings.map(([key, value]) => `--from-literal=${key}=${value}`);
    await kubectl(["create", "secret", "generic", "training", `--namespace=training-${env}`, ...literals]);
  }
});
afterAll(async () => {
  await kubectl(["delete", "namespace", "training-dev", "training-prod", "models-full", "--ignore-not-found"]);
  await stack.disposeAsync();
});

async function trainingImage(): Promise<string> {
  await using context = await temporaryFolder();
  for (const name of ["config", "training", "package.json", "package-lock.json", ".dockerignore"])
    await cp(join(root, name), join(context.path, name), { recursive: true });
  const tag = `${registryHost}/training:tests`;
  await startDocker();
  try {
    await buildImage("training/Dockerfile", { tag, context: context.path, values: { DEVICE: "js" } });
    return `${tag}@${await pushImage(tag)}`;
  } finally {
    await stopDocker();
  }
}

interface Order {
  model: string;
  store: string; // the MLflow experiment, and the storage unless `settings` say otherwise
  settings: Readonly<Record<string, string | number>>;
}

/** The environment's own configuration of a model, with what is other in this cluster. */
async function order(env: "dev" | "prod", { model, store, settings }: Order) {
  const places = {
    "models.uri": `s3://${s3.bucket}/${store}`,
    "tracking.uri": `http://${hosts.mlflow}`,
    "tracking.experiment": store,
    ...settings,
  };
  const set = Object.entries(places).map(([path, value]) => `${path}=${value}`);
  const config = await loadConfig({ root, env, model, set });
  await using here = await temporaryFolder(); // where a sample goes
  const data = config.data.root.includes("://") ? config.data : { ...config.data, root: join(here.path, "data") };
  const files = [...(await dataManifest(data, { root })), ...(await checkpointContent(config, root))];
  const { hash } = await contentHash({ codeRoot: root, config, files });
  const names = ["dev.yaml", "prod.yaml", `models/${model}.yaml`];
  const texts = await Promise.all(names.map((name) => readFile(join(root, "config", name), "utf8")));
  const configuration = Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ""]));
  return { config, set, contentHash: hash, attempt: 1, image, gitSha: "a".repeat(40), files: configuration };
}

/** Training on iris, with a checkpoint twice a second. */
function orderOfIris(env: "dev" | "prod", { store, epochs: count }: { store: string; epochs: number }) {
  const knobs = { "training.epochs": count, "training.patience": count, "training.checkpointSeconds": 0.5 };
  return order(env, { model: "iris", store, settings: { "data.root": sampleFolder, ...knobs } });
}

/** The pattern of this repository, on the one GPU of the real node. */
async function pattern(): Promise<string> {
  const job = parse(await readFile(join(root, "manifests/training/base/job.yaml"), "utf8"));
  job.spec.template.spec.nodeSelector = { "kubernetes.io/hostname": nodeName };
  job.spec.template.spec.containers[0].resources = {
    requests: { cpu: "100m", memory: "256Mi" },
    limits: { memory: "2Gi", "nvidia.com/gpu": 1 },
  };
  return stringify(job);
}

async function start(of: Awaited<ReturnType<typeof order>>): Promise<string> {
  await kubectl(["apply", `--namespace=training-${of.config.env}`, "-f", "-"], renderJob(await pattern(), of));
  return jobName({ model: of.config.model, contentHash: of.contentHash, attempt: 1 });
}

async function completed(env: string, job: string): Promise<void> {
  await kubectl(["wait", "--for=condition=complete", `job/${job}`, `--namespace=training-${env}`, "--timeout=600s"]);
}

interface Pod {
  metadata: { name: string };
  spec: { nodeName?: string; priorityClassName?: string; priority?: number };
  status: { phase: string; conditions?: { type: string; status: string; reason?: string }[] };
}

async function podsOf(env: string, job: string): Promise<Pod[]> {
  return ((await getJson("pods", "-n", `training-${env}`, "-l", `job-name=${job}`)) as { items: Pod[] }).items;
}

async function candidateOf({ config, contentHash }: Awaited<ReturnType<typeof order>>): Promise<Candidate> {
  const key = `${candidatePrefix(config.model, contentHash)}/candidate/candidate.json`;
  return Candidate.parse(JSON.parse(`${await openStorage(config.models.uri, root).read(key)}`));
}

test("prod training takes the only GPU from dev training, which goes on later as if nothing had been", async () => {
  const unbroken = await orderOfIris("dev", { store: "unbroken", epochs });
  const alone = await start(unbroken);
  await completed("dev", alone);
  await kubectl(["delete", "job,configmap", alone, "--namespace=training-dev", "--wait=true"]);

  const dev = await orderOfIris("dev", { store: "dev", epochs });
  expect(dev.contentHash).toBe(unbroken.contentHash);
  const low = await start(dev);
  await expect
    .poll(() => kubectl(["logs", `job/${low}`, "-n", "training-dev"]).catch(() => ""), {
      timeout: 300_000,
      interval: 500,
    })
    .toMatch(/epoch \d{3,}\//);
  const [first] = await podsOf("dev", low);

  const prod = await orderOfIris("prod", { store: "prod", epochs: 400 });
  const high = await start(prod);
  await completed("prod", high);
  const events = await kubectl([
    "get",
    "events",
    "-n",
    "training-dev",
    "--field-selector=reason=Preempted",
    "-o",
    "name",
  ]);
  expect(events).not.toBe("");
  expect(await candidateOf(prod)).toMatchObject({ env: "prod" });

  await completed("dev", low);
  const second = (await podsOf("dev", low)).find(({ status }) => status.phase === "Succeeded");
  expect(second?.metadata.name).not.toBe(first?.metadata.name);
  expect(await kubectl(["logs", second?.metadata.name ?? "", "-n", "training-dev"])).toContain(
    "goes on from a checkpoint",
  );

  const [broken, whole] = [await candidateOf(dev), await candidateOf(unbroken)];
  expect(broken.modelDigest).toBe(whole.modelDigest);
  const withoutTime = ({ curves }: Candidate) => curves.map(({ seconds: _, ...point }) => point);
  expect(withoutTime(broken)).toEqual(withoutTime(whole));

  const client = createMlflowClient({ trackingUri: mlflow.uri });
  const { runId = "", experimentId = "" } = broken.run ?? {};
  const runs = await client.searchRuns({ experimentIds: [experimentId] });
  expect(runs).toMatchObject([{ runId, status: "FINISHED" }]);
  const points = await storedPoints(client, runId);
  expect(new Set(points).size).toBe(points.length);
  expect(points.filter((point) => point.startsWith("val_loss "))).toHaveLength(epochs);
  await client.close();
});

test("dev and prod fine-tune on texts by one program, low and high in priority, and each candidate is registered", async () => {
  await using folder = await temporaryFolder();
  await writeSmallCheckpoint(join(folder.path, "small"));
  await openStorage("s3://models/pretrained", root).upload(join(folder.path, "small"), "small");
  const sample = await readFile(join(root, "training/data/samples/sample-small/requests.csv"));
  await openStorage("s3://datasets", root).write("large-dataset/requests.csv", sample);
  const knobs = {
    device: "wasm", // of the image with JavaScript alone
    "training.transformer.checkpoint": "s3://models/pretrained/small",
    "training.transformer.maxTokens": 48,
    "training.epochs": 4,
    "training.learningRate": 0.003,
  };
  const orders = {
    dev: await order("dev", {
      ...{ model: "text", store: "text-dev" },
      settings: { ...knobs, "data.root": sampleFolder, "models.uri": "s3://models/dev" },
    }),
    prod: await order("prod", {
      ...{ model: "text", store: "text-prod" },
      settings: { ...knobs, "models.uri": "s3://models/production" }, // as config/prod.yaml has it
    }),
  };
  const priorities = {
    dev: { priorityClassName: "slipway-training-dev", priority: -100_000 },
    prod: { priorityClassName: "slipway-training-prod", priority: 100_000 },
  };
  for (const env of ["dev", "prod"] as const) {
    const job = await start(orders[env]);
    await completed(env, job);
    expect(await podsOf(env, job)).toMatchObject([{ spec: priorities[env], status: { phase: "Succeeded" } }]);

    const { run, device } = await candidateOf(orders[env]);
    expect(device.backend).toBe("wasm");
    const here = [
      `tracking.uri=${mlflow.uri}`,
      "gate.minimum=0.5",
      ...(env === "dev" ? [`data.root=${folder.path}`] : []),
    ];
    const sets = [...orders[env].set, ...here].flatMap((setting) => ["--set", setting]);
    const args = ["--env", env, "--model", "text", ...sets];
    const outputs = join(folder.path, "outputs", env);
    const road = await runProgram("actions/pipeline.ts", args, { env: { SLIPWAY_OUTPUTS: outputs } });
    expect(road.output).toContain("nothing has changed since this content was trained");
    expect(road.output).toContain(`is promoted to ${env}`);
    const release = Release.parse(JSON.parse(await readFile(join(outputs, "text/release.json"), "utf8")));
    expect(release).toMatchObject({ env, runId: run?.runId });
    const client = createMlflowClient({ trackingUri: mlflow.uri });
    expect((await client.getModelVersionByAlias("text", `champion-${env}`))?.version).toBe(release.version);
    await client.close();
  }
});

test("on a full node training waits and displaces no model server", async () => {
  const serving = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "full", namespace: "models-full" },
    spec: {
      selector: { matchLabels: { app: "full" } },
      template: {
        metadata: { labels: { app: "full" } },
        spec: {
          priorityClassName: "slipway-serving",
          nodeSelector: { "kubernetes.io/hostname": nodeName },
          securityContext: { runAsNonRoot: true, runAsUser: 65_535, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "full",
              image: "slipway.local/pause:1",
              imagePullPolicy: "Never",
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
              resources: { limits: { "nvidia.com/gpu": 1 } },
            },
          ],
        },
      },
    },
  };
  await kubectl(["apply", "-f", "-"], JSON.stringify(serving));
  await kubectl(["rollout", "status", "deployment/full", "-n", "models-full", "--timeout=300s"]);
  for (const env of ["dev", "prod"] as const) {
    const job = await start(await orderOfIris(env, { store: `waits-${env}`, epochs: 7 }));
    await expect
      .poll(async () => (await podsOf(env, job)).flatMap(({ status }) => status.conditions ?? []), {
        timeout: 120_000,
        interval: 500,
      })
      .toContainEqual(expect.objectContaining({ type: "PodScheduled", status: "False", reason: "Unschedulable" }));
  }
  const pods = ((await getJson("pods", "-n", "models-full")) as { items: Pod[] }).items;
  expect(pods.map(({ status }) => status.phase)).toEqual(["Running"]);
});
