import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { overlayPath, readOverlay } from "#actions/gitops/overlay.ts";
import { patternPath } from "#actions/train/job.ts";
import { conclusions, jobs, logs } from "#test/e2e/harness/told.ts";
import { startWorld, type World } from "#test/e2e/harness/world.ts";
import { forwardFromPods, forwardHttpFromPods } from "#test/parts/cluster/forward.ts";
import { follow } from "#test/parts/cluster/gitops.ts";
import { startDocker, stopDocker } from "#test/parts/cluster/images.ts";
import { getJson, kubectl } from "#test/parts/cluster/kubectl.ts";
import { putSecret, tellGitHub } from "#test/parts/cluster/notifications.ts";
import { argocdUrl, nodeName, registryHost } from "#test/parts/cluster/place.ts";
import { servedByPods } from "#test/parts/cluster/served.ts";
import { makeNamespaces, useCluster } from "#test/parts/cluster/use.ts";
import type { Account } from "#test/parts/github/state.ts";
import { createMlflowClient } from "#training/mlflow/client.ts";

// One story of one repository on the emulated GitHub, whose workflows act runs and whose manifests a real Argo CD follows
const argocdAccount: Account = { login: "argocd-of-octo", id: 88, type: "Bot" };
const overlay = overlayPath("dev", "iris");
const stack = new AsyncDisposableStack();
let world: World;

useCluster();
beforeAll(async () => {
  await startDocker();
  stack.defer(stopDocker);
  world = stack.use(await startWorld({ buildsImages: true }));
  await world.putData("iris.csv");
  const port = (uri: string) => Number(new URL(uri).port);
  const [github, s3] = await Promise.all(
    [world.hub.serverUrl, world.s3.endpoint].map((uri) => forwardFromPods(port(uri))),
  );
  if (!github || !s3) throw new Error("nothing forwards");
  const mlflow = await forwardHttpFromPods(port(world.mlflow.uri));
  for (const forward of [github, s3, mlflow]) stack.use(forward);
  await fitManifests();

  const token = world.hub.token({ contents: "write", statuses: "write" }, argocdAccount);
  await makeNamespaces("training-dev");
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = world.secrets;
  await putSecret(
    { name: "training", namespace: "training-dev" },
    {
      ...{ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION: "us-east-1" },
      ...{ AWS_ENDPOINT_URL_S3: `http://${s3.host}`, MLFLOW_TRACKING_URI: `http://${mlflow.host}` },
    },
  );
  const { owner, name } = world.hub.repository;
  const argocd = stack.use(await follow(world.hub.gitFolder, { name: `${owner}/${name}` }));
  await tellGitHub(`http://${github.host}/api/v3`, token);

  Object.assign(world.variables, {
    SLIPWAY_CLUSTER: "true",
    SLIPWAY_ARGOCD_URL: argocdUrl,
    SLIPWAY_REGISTRY: registryHost,
    SLIPWAY_TRAINING_IMAGE: `${registryHost}/training`,
    SLIPWAY_TRAINING_DEVICE: "js",
    SLIPWAY_TRAINING_MINUTES: "0", // no runner waits: finish.yml goes on
  });
  Object.assign(world.secrets, {
    SLIPWAY_ARGOCD_TOKEN: argocd.token,
    SLIPWAY_JOBS_TOKEN: world.hub.token({ contents: "write" }, { ...argocdAccount, login: "jobs-of-octo" }),
  });
});
afterAll(() => stack.disposeAsync());

/** The manifests as their owner would set them for this cluster: images of its registry, and Jobs of this small size. */
async function fitManifests(): Promise<void> {
  const job = parse(await world.textAt("main", patternPath));
  const { spec } = job.spec.template;
  spec.nodeSelector = { "kubernetes.io/hostname": nodeName };
  spec.containers[0].resources = { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "2Gi" } };
  const source = await world.textAt("main", overlay);
  const files = {
    [patternPath]: stringify(job),
    [overlay]: source.replace(/newName: .*/, `newName: ${registryHost}/iris`),
  };
  await world.hub.push("main", files, { message: "Fit the cluster" });
}

async function happen(event: Parameters<World["happen"]>[0]) {
  const runs = await world.happen(event);
  return { runs, told: logs(runs) };
}

/** Waits for what Argo CD's notifications ask GitHub to start for dev, at `since` or later. */
async function notified(since: string): Promise<{ name: string; inputs: Record<string, unknown> }> {
  const ours = () =>
    world.hub.state.dispatches.find(
      ({ by, at, inputs }) => by === argocdAccount.login && inputs["env"] === "dev" && new Date(at) >= new Date(since), // Kubernetes' times are whole seconds
    );
  await expect.poll(ours, { timeout: 300_000, interval: 500 }).toBeDefined();
  const found = ours();
  if (!found) throw new Error("nothing came");
  return found;
}

const alias = async () => {
  const client = createMlflowClient({ trackingUri: world.mlflow.uri });
  const found = await client.getRegisteredModel("iris").finally(() => client.close());
  return found?.aliases["champion-dev"];
};
const promoted = async () => readOverlay(await world.textAt("main", overlay));
const jobFiles = async () => {
  const folder = "manifests/training/overlays/dev/jobs/";
  return (await world.git.text("ls-tree", "--name-only", "main", folder)).split("\n").filter(Boolean);
};
const clusterJobs = async () => {
  const { items } = (await getJson("jobs", "--namespace=training-dev")) as { items: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => metadata.name);
};
const deployed = () => world.hub.state.deployments.at(-1);
const statusesOf = (sha: string) =>
  world.hub.state.statuses.filter(
    (status) => status.sha === sha && status.context === "slipway/argocd (serving-dev-iris)",
  );
/** When the program of the Job whose file lies there had ended, which is before the Job is complete; empty before. */
const trainedAt = async () => {
  const name = (await jobFiles())[0]?.replace(/^.*\/|\.yaml$/g, "") ?? "";
  const time = "{.items[*].status.containerStatuses[*].state.terminated.finishedAt}";
  return await kubectl(["get", "pods", "-l", `job-name=${name}`, "-n", "training-dev", `--output=jsonpath=${time}`]);
};

const environmentUrl = `${argocdUrl}/applications/argocd/serving-dev-iris`;
const success = {
  environment: "dev/iris",
  statuses: [
    { state: "in_progress", environmentUrl },
    { state: "success", environmentUrl },
  ],
};

describe("a push that trains in the cluster", () => {
  test("builds the training image, commits a Job, and holds no runner until it has ended", async () => {
    const { runs, told } = await happen({ ...(await world.pushed("main^")), changedPaths: ["README.md"] });
    expect(conclusions(runs), told).toEqual(["pipeline: success", "comment: success"]);
    expect(jobs(runs), told).toEqual([
      "iris/model/train: success",
      "pipeline/plan: success",
      "pipeline/slipway: success",
      "pipeline/training image: success",
    ]);
    const images = (await world.records()).filter(({ kind }) => kind === "image");
    expect(images).toMatchObject([{ job: "training-image", buildArguments: { DEVICE: "js" } }]);
    expect(await jobFiles()).toEqual([expect.stringMatching(/\/train-iris-[0-9a-f]{16}-1\.yaml$/)]);
  });

  test("is finished when Argo CD tells that the training has ended: judged, promoted, and deployed", async () => {
    await expect.poll(trainedAt, { timeout: 300_000, interval: 500 }).not.toBe("");
    const { name, inputs } = await notified(await trainedAt());
    expect({ name, inputs }).toEqual({ name: "training-ended", inputs: { env: "dev" } });
    const { runs, told } = await happen(await world.repositoryDispatched(name, inputs));
    expect(conclusions(runs), told).toEqual(["finish: success", "pipeline: success", "comment: success"]);
    expect(jobs(runs), told).toEqual(
      [
        ...["finish/go on", "finish/look", "pipeline/plan", "pipeline/training image", "pipeline/slipway"],
        ...["evaluate", "image", "promote", "register", "report", "train"].map((job) => `iris/model/${job}`),
        "deploy/deploy/deploy",
      ]
        .map((job) => `${job}: success`)
        .sort(),
    );
    expect(await promoted()).toMatchObject({ version: "1" });
    expect(deployed()).toMatchObject(success);
    expect(await alias()).toBe("1");
    const { modelDigest: digest } = (await promoted()) ?? {};
    expect(await servedByPods()).toEqual(Array.from({ length: 2 }, () => ({ class: "setosa", version: "1", digest })));
  });

  test("leaves no Job, and its training image was built once", async () => {
    expect(await jobFiles()).toEqual([]);
    await expect.poll(clusterJobs, { timeout: 120_000, interval: 500 }).toEqual([]);
    const built = (await world.records()).filter(({ kind }) => kind === "image").map(({ job }) => job);
    expect(built).toEqual(["training-image", "image"]);
  });

  test("gets the commit status of Argo CD's notifications", async () => {
    const [commit = ""] = (await world.git.text("log", "--format=%H", "-1", "main", "--", overlay)).split("\n");
    await expect
      .poll(() => statusesOf(commit), { timeout: 60_000, interval: 500 })
      .toMatchObject([
        { state: "success", description: "Synced and Healthy", creator: { login: argocdAccount.login } },
      ]);
  });

  test("is not begun again by a notification that comes later", async () => {
    const { runs, told } = await happen(await world.repositoryDispatched("training-ended", { env: "dev" }));
    expect(conclusions(runs), told).toEqual(["finish: success"]);
  });
});

test("a promotion by pull request is deployed once people merge it, and the runner waited for the Job", async () => {
  Object.assign(world.variables, {
    SLIPWAY_TRAINING_MINUTES: "20",
    SLIPWAY_SET: `${world.variables["SLIPWAY_SET"]}\npromotion.mode=pull-request`,
  });
  const config = "config/models/iris.yaml";
  const text = (await world.textAt("main", config)).replace("learningRate: 0.05", "learningRate: 0.04");
  await world.hub.push("main", { [config]: text });
  const proposed = await happen(await world.pushed("main^"));
  expect(conclusions(proposed.runs), proposed.told).toEqual(["pipeline: success", "comment: success"]);
  expect(jobs(proposed.runs), proposed.told).not.toContain("deploy/deploy/deploy: success");
  const [pull] = world.hub.state.pulls;
  if (!pull) throw new Error(`nothing was proposed\n${proposed.told}`);
  expect({ alias: await alias(), version: (await promoted())?.version }).toEqual({ alias: "1", version: "1" });

  const { runs, told } = await happen(await world.merged(pull));
  expect(conclusions(runs), told).toEqual(["merged: success"]);
  expect(jobs(runs), told).toEqual(["iris/deploy/deploy: success", "merged/look: success"]);
  expect({ alias: await alias(), version: (await promoted())?.version }).toEqual({ alias: "2", version: "2" });
  expect(deployed()).toMatchObject(success);
});

test("a rollback by hand takes the cluster back, which is seen by commit statuses where Argo CD can't be asked", async () => {
  world.variables["SLIPWAY_SET"] = world.variables["SLIPWAY_SET"]?.replace("promotion.mode=pull-request", "") ?? "";
  delete world.variables["SLIPWAY_ARGOCD_URL"];
  const inputs = { env: "dev", model: "iris", reason: "answers virginica for everything" };
  const { runs, told } = await happen(await world.dispatched(inputs, "rollback.yml"));
  expect(conclusions(runs), told).toEqual(["rollback: success"]);
  expect(jobs(runs), told).toEqual(["deploy/deploy/deploy: success", "rollback/rollback: success"]);
  expect({ alias: await alias(), version: (await promoted())?.version }).toEqual({ alias: "1", version: "1" });
  expect(deployed()?.statuses.map(({ state }) => state)).toEqual(["in_progress", "success"]);
  expect(new Set((await servedByPods()).map(({ version }) => version))).toEqual(new Set(["1"]));
});
