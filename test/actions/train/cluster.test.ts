import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Argocd } from "#actions/gitops/argocd.ts";
import { ResourceTree } from "#actions/gitops/argocd-answers.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { removeJobs, trainInCluster } from "#actions/train/cluster.ts";
import { jobName, renderJob } from "#actions/train/job.ts";
import { loadConfig } from "#config/load.ts";
import { kubeconform } from "#test/parts/kubeconform.ts";
import { kustomizeText } from "#test/parts/kustomize.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { openStorage } from "#training/storage/open.ts";

const root = resolve(import.meta.dirname, "../../..");
const contentHash = `sha256:0123456789abcdef${"0".repeat(48)}`;
const name = "train-iris-0123456789abcdef-1";
const set = ["models.uri=s3://models/dev", "training.epochs=5"];
const config = await loadConfig({ root, env: "dev", model: "iris", set });
const order = {
  ...{ config, contentHash, set, gitSha: "a".repeat(40) },
  image: `ghcr.io/o/training:1@sha256:${"d".repeat(64)}`,
  files: { "dev.yaml": "outputs: ./outputs\n", "models/iris.yaml": "data: {}\n" },
};

/** A GitOps repository of its own, and a store that nobody has trained into. */
async function parts(health?: { status: string; message: string }) {
  const folder = await temporaryFolder();
  const gitops = join(folder.path, "gitops");
  const committer = await openLocalRepository({ folder: gitops, root });
  const nodes = [{ kind: "Job", name, health }];
  const argocd = health && ({ resourceTree: async () => ResourceTree.parse({ nodes }) } as unknown as Argocd);
  const storage = openStorage(join(folder.path, "store"), root);
  const lines: string[] = [];
  const options = { committer, storage, argocd, retry: false, timeoutMs: 0, info: (line: string) => lines.push(line) };
  const built = () => kustomizeText(join(gitops, "manifests/training/overlays/dev"));
  return { options, storage, committer, lines, built, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test("a training's Job and its configuration become one file, which the overlay then builds", async () => {
  await using setting = await parts();
  const { options, built, committer } = setting;
  const { kind, job } = await trainInCluster(order, options);
  expect({ kind, job }).toEqual({ kind: "queued", job: name });
  const text = await built();
  await kubeconform(text);
  const resources = parseAllDocuments(text).map((document) => document.toJS());
  const found = (wanted: string) => resources.find(({ kind, metadata }) => kind === wanted && metadata.name === name);
  expect(found("ConfigMap")).toMatchObject({ immutable: true, metadata: { namespace: "training-dev" } });
  const { spec } = found("Job").spec.template;
  expect(spec).toMatchObject({
    priorityClassName: "slipway-training-dev",
    containers: [{ image: order.image, args: expect.arrayContaining(["--content-hash", contentHash]) }],
  });
  expect(spec.containers[0].resources.limits).not.toHaveProperty("nvidia.com/gpu");
  expect(await committer.read(await committer.head(), `manifests/training/overlays/dev/jobs/${name}.yaml`)).toContain(
    name,
  );
});

test("the same training again is no second commit", async () => {
  await using setting = await parts();
  const { options, committer, lines } = setting;
  await trainInCluster(order, options);
  const head = await committer.head();
  expect(await trainInCluster(order, options)).toMatchObject({ kind: "queued", job: name });
  expect(await committer.head()).toBe(head);
  expect(lines).toContain(`the Job ${name} is there already`);
});

test("once the candidate is in the store it was trained, and its file can go", async () => {
  await using setting = await parts();
  const { options, committer, storage, built } = setting;
  const before = await built();
  await trainInCluster(order, options);
  await storage.write("iris/0123456789abcdef/candidate/candidate.json", Buffer.from("{}"));
  expect(await trainInCluster(order, options)).toMatchObject({ kind: "trained" });
  await removeJobs(order, committer);
  expect(await built()).toBe(before);
  const head = await committer.head();
  await removeJobs(order, committer);
  expect(await committer.head()).toBe(head);
});

describe("a Job that failed", () => {
  const failed = { status: "Degraded", message: "Pod failed with exit code 42" };

  test("is told with its own reason, and stays", async () => {
    await using setting = await parts(failed);
    const { options, committer } = setting;
    await expect(trainInCluster(order, options)).rejects.toThrow(
      `the Job ${name} failed: Pod failed with exit code 42`,
    );
    const head = await committer.head();
    await expect(trainInCluster(order, options)).rejects.toThrow("retry: true");
    expect(await committer.head()).toBe(head);
  });

  test("gives way to the next attempt when that is asked for", async () => {
    await using setting = await parts(failed);
    const { options, built } = setting;
    await trainInCluster(order, options).catch(() => undefined);
    expect(await trainInCluster(order, { ...options, retry: true })).toMatchObject({
      kind: "queued",
      job: "train-iris-0123456789abcdef-2",
    });
    expect(await built()).not.toContain(name);
  });

  test("and one that runs gets no other attempt", async () => {
    await using setting = await parts({ status: "Progressing", message: "training" });
    const { options } = setting;
    await trainInCluster(order, options);
    expect(await trainInCluster(order, { ...options, retry: true })).toMatchObject({ job: name });
  });
});

describe("a sweep", () => {
  const sweep = { ...order, sweep: { trials: 2, parallelism: 2 } };
  const record = (trial: number) => `iris/sweeps/0123456789abcdef/trials/000${trial}.json`;

  test("is one Indexed Job, an index a trial, in which a trial that can't be trained costs itself", async () => {
    await using setting = await parts();
    const { options, built } = setting;
    expect(await trainInCluster(sweep, options)).toMatchObject({ kind: "queued", job: name });
    const text = await built();
    await kubeconform(text);
    const { spec } = parseAllDocuments(text)
      .map((document) => document.toJS())
      .find(({ kind }) => kind === "Job");
    expect(spec).toMatchObject({
      ...{ completionMode: "Indexed", completions: 2, parallelism: 2, backoffLimitPerIndex: 3 },
      podFailurePolicy: { rules: [{ action: "FailIndex" }, { action: "Ignore" }] },
    });
    expect(spec).not.toHaveProperty("backoffLimit");
    const { args } = spec.template.spec.containers[0];
    expect(args.slice(args.indexOf("--trial-index"))[1]).toBe("$(JOB_COMPLETION_INDEX)");
  });

  test("has ended once every trial has, well or not", async () => {
    await using setting = await parts();
    const { options, storage } = setting;
    await storage.write(record(1), Buffer.from("{}"));
    expect(await trainInCluster(sweep, options)).toMatchObject({ kind: "queued" });
    await storage.write(record(2), Buffer.from("{}"));
    expect(await trainInCluster(sweep, options)).toMatchObject({ kind: "trained" });
  });

  test("of whose Job some trials failed is not lost", async () => {
    await using setting = await parts({ status: "Degraded", message: "Job has failed indexes" });
    const { options } = setting;
    const { kind, reason } = await trainInCluster(sweep, options);
    expect({ kind, reason }).toEqual({
      kind: "trained",
      reason: `trials of the Job ${name} failed: Job has failed indexes`,
    });
  });
});

describe("the file of a Job", () => {
  const pattern = readFileSync(join(root, "manifests/training/base/job.yaml"), "utf8");
  const job = (change: object) => {
    const documents = parseAllDocuments(renderJob(pattern, { ...order, attempt: 1, ...change }));
    return documents[1]?.toJS().spec.template.spec;
  };

  test("asks for a GPU where the configuration does, and for the priority of its environment", () => {
    const spec = job({ config: { ...config, device: "gpu", priority: "high" } });
    expect(spec.containers[0].resources.limits).toMatchObject({ "nvidia.com/gpu": 1 });
    expect(spec.priorityClassName).toBe("slipway-training-prod");
  });

  test("keeps data that is not in a store where the container may write", () => {
    expect(job({}).containers[0].args).toContain("data.root=/work/data");
    const stored = { ...config, data: { ...config.data, root: "s3://datasets" } };
    expect(job({ config: stored }).containers[0].args).not.toContain("data.root=/work/data");
  });

  test("is refused where only this machine could read the candidate", () => {
    const local = { ...config, models: { uri: "./outputs/dev/models" } };
    expect(() => job({ config: local })).toThrow("models.uri: ./outputs/dev/models is a folder of one machine");
  });

  test("is refused where Kubernetes could not name its pods", () => {
    expect(() => job({ config: { ...config, model: "a".repeat(40) } })).toThrow("is too long for a Job");
    expect(jobName({ model: "iris", contentHash, attempt: 1 })).toBe(name);
  });
});
