import { cp, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { kustomizeText } from "#test/parts/kustomize.ts";
import { startMlflow } from "#test/parts/mlflow.ts";
import { startS3 } from "#test/parts/s3.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { forwardFromPods, forwardHttpFromPods } from "./forward.ts";
import { buildImage, pushImage, startDocker, stopDocker } from "./images.ts";
import { getJson, kubectl } from "./kubectl.ts";
import { nodeName, registryHost } from "./place.ts";
import { makeNamespaces } from "./use.ts";

const root = resolve(import.meta.dirname, "../../..");
const namespaces = ["training-dev", "training-prod"];

/** In a pod: where data goes that is brought from a sample. */
export const sampleFolder = "/work/data";

/** All that training Jobs stand on: the training image of this checkout, priorities, namespaces, MLflow and S3. */
export async function prepareTraining() {
  const stack = new AsyncDisposableStack();
  const mlflow = stack.use(await startMlflow());
  const s3 = stack.use(await startS3({ buckets: ["datasets", "models"] }));
  Object.assign(process.env, s3.variables); // the candidates are read from here too
  const [mlflowPort, s3Port] = [mlflow.uri, s3.endpoint].map((uri) => Number(new URL(uri).port)) as [number, number];
  const trackingUri = `http://${stack.use(await forwardHttpFromPods(mlflowPort)).host}`;
  const endpoint = `http://${stack.use(await forwardFromPods(s3Port)).host}`;
  const image = await trainingImage();
  const deleteNamespaces = () => kubectl(["delete", "namespace", ...namespaces, "--ignore-not-found"]);
  await deleteNamespaces(); // with what other tests have left there
  await makeNamespaces(...namespaces);
  stack.defer(async () => {
    await deleteNamespaces();
  });
  await kubectl(["apply", "-f", "-"], await kustomizeText(join(root, "manifests/priority")));
  for (const env of ["dev", "prod"]) {
    await kubectl(["apply", "-f", "-"], await kustomizeText(join(root, "manifests/training/overlays", env)));
    const settings = Object.entries({ ...s3.variables, AWS_ENDPOINT_URL_S3: endpoint });
    const literals = settings.map(([key, value]) => `--from-literal=${key}=${value}`);
    await kubectl(["create", "secret", "generic", "training", `--namespace=training-${env}`, ...literals]);
  }

  return {
    mlflow,
    image,

    /** Settings that bring a Job's candidates and its run to places of their own, which the pods reach. */
    places: (store: string): Record<string, string | number> => ({
      "models.uri": `s3://${s3.bucket}/${store}`,
      "tracking.uri": trackingUri,
      "tracking.experiment": store,
    }),

    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The repository's pattern of a Job, small, and on a GPU of the real node. */
export async function jobPattern(): Promise<string> {
  const job = parse(await readFile(join(root, "manifests/training/base/job.yaml"), "utf8"));
  job.spec.template.spec.nodeSelector = { "kubernetes.io/hostname": nodeName };
  job.spec.template.spec.containers[0].resources = {
    requests: { cpu: "100m", memory: "256Mi" },
    limits: { memory: "2Gi", "nvidia.com/gpu": 1 },
  };
  return stringify(job);
}

/** A Job's pod. */
export interface Pod {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { nodeName?: string; priorityClassName?: string; priority?: number };
  status: { phase: string; conditions?: { type: string; status: string; reason?: string }[] };
}

/** The pods of a training Job, those that ended too. */
export async function podsOf(env: string, job: string): Promise<Pod[]> {
  return ((await getJson("pods", "-n", `training-${env}`, "-l", `job-name=${job}`)) as { items: Pod[] }).items;
}

/** Waits until a training Job is complete. */
export async function completed(env: string, job: string): Promise<void> {
  await kubectl(["wait", "--for=condition=complete", `job/${job}`, `--namespace=training-${env}`, "--timeout=600s"]);
}

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
