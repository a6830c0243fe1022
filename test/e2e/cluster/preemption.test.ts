import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jobName, renderJob } from "#actions/train/job.ts";
import { loadConfig } from "#config/load.ts";
import { getJson, kubectl } from "#test/parts/cluster/kubectl.ts";
import { nodeName } from "#test/parts/cluster/place.ts";
import {
  completed,
  jobPattern,
  type Pod,
  podsOf,
  prepareTraining,
  sampleFolder,
} from "#test/parts/cluster/training.ts";
import { makeNamespaces, useCluster } from "#test/parts/cluster/use.ts";
import { runProgram } from "#test/parts/program.ts";
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
let ground: Awaited<ReturnType<typeof prepareTraining>>;

useCluster();
beforeAll(async () => {
  ground = await prepareTraining();
  await makeNamespaces("models-full");
});
afterAll(async () => {
  await kubectl(["delete", "namespace", "models-full", "--ignore-not-found"]);
  await ground[Symbol.asyncDispose]();
});

interface Order {
  model: string;
  store: string; // the MLflow experiment, and the storage unless `settings` say otherwise
  settings: Readonly<Record<string, string | number>>;
}

/** The environment's own configuration of a model, with what is other in this cluster. */
async function order(env: "dev" | "prod", { model, store, settings }: Order) {
  const places = { ...ground.places(store), ...settings };
  const set = Object.entries(places).map(([path, value]) => `${path}=${value}`);
  const config = await loadConfig({ root, env, model, set });
  await using here = await temporaryFolder(); // where a sample goes
  const data = config.data.root.includes("://") ? config.data : { ...config.data, root: join(here.path, "data") };
  const files = [...(await dataManifest(data, { root })), ...(await checkpointContent(config, root))];
  const { hash } = await contentHash({ codeRoot: root, config, files });
  const names = ["dev.yaml", "prod.yaml", `models/${model}.yaml`];
  const texts = await Promise.all(names.map((name) => readFile(join(root, "config", name), "utf8")));
  const configuration = Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ""]));
  return {
    config,
    set,
    contentHash: hash,
    attempt: 1,
    image: ground.image,
    gitSha: "a".repeat(40),
    files: configuration,
  };
}

/** Training on iris, with a checkpoint twice a second. */
function orderOfIris(env: "dev" | "prod", { store, epochs: count }: { store: string; epochs: number }) {
  const knobs = { "training.epochs": count, "training.patience": count, "training.checkpointSeconds": 0.5 };
  return order(env, { model: "iris", store, settings: { "data.root": sampleFolder, ...knobs } });
}

async function start(of: Awaited<ReturnType<typeof order>>): Promise<string> {
  await kubectl(["apply", `--namespace=training-${of.config.env}`, "-f", "-"], renderJob(await jobPattern(), of));
  return jobName({ model: of.config.model, contentHash: of.contentHash, attempt: 1 });
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

  const client = createMlflowClient({ trackingUri: ground.mlflow.uri });
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
      `tracking.uri=${ground.mlflow.uri}`,
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
    const client = createMlflowClient({ trackingUri: ground.mlflow.uri });
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
