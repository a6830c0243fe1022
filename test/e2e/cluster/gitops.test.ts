import * as tfc from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awaitSync } from "#actions/await-sync/run.ts";
import { createArgocd } from "#actions/gitops/argocd.ts";
import { ArgocdError, ArgocdUnreachableError } from "#actions/gitops/argocd-errors.ts";
import { readChampion } from "#actions/gitops/champion.ts";
import { createCodeHistory } from "#actions/gitops/code-history.ts";
import { rollback } from "#actions/rollback/run.ts";
import { createCheckout } from "#test/parts/checkout.ts";
import { forwardFromPods } from "#test/parts/cluster/forward.ts";
import { adminToken, askArgocd, followGitops } from "#test/parts/cluster/gitops.ts";
import { startDocker, stopDocker } from "#test/parts/cluster/images.ts";
import { getJson, kubectl } from "#test/parts/cluster/kubectl.ts";
import { argocdUrl } from "#test/parts/cluster/place.ts";
import { createPromotions, where } from "#test/parts/cluster/promotions.ts";
import { askPods, servedByPods } from "#test/parts/cluster/served.ts";
import { bodyLimitBytes, makeServingImage } from "#test/parts/cluster/serving-image.ts";
import { useCluster } from "#test/parts/cluster/use.ts";
import { irisModel } from "#test/parts/iris-served.ts";
import { freePort } from "#test/parts/mlflow.ts";
import { sha256Of } from "#test/parts/release.ts";
import { startS3 } from "#test/parts/s3.ts";
import { readRequests } from "#training/drift/read-log.ts";
import { openStorage } from "#training/storage/open.ts";

type Gitops = Awaited<ReturnType<typeof followGitops>>;
let gitops: Gitops;
let code: Awaited<ReturnType<typeof createCheckout>>;
let merged: string; // the commit that the models are made from
let promotions: ReturnType<typeof createPromotions>;
let first: Awaited<ReturnType<typeof makeServingImage>>;
let second: typeof first;
const lines: string[] = [];

useCluster();
beforeAll(async () => {
  await startDocker();
  try {
    first = await makeServingImage("first", irisModel());
    second = await makeServingImage("second", otherModel());
  } finally {
    await stopDocker();
  }
  gitops = await followGitops();
  code = await createCheckout();
  await code.git("remote", "add", "origin", "https://github.com/octo-org/models.git");
  merged = await code.commit("Widen the layer (#7)");
  const history = createCodeHistory(code.path);
  promotions = createPromotions({ committer: gitops.committer, history, gitSha: merged });
});
afterAll(async () => {
  await gitops?.[Symbol.asyncDispose]();
  await code?.[Symbol.asyncDispose]();
});

/** The same model with other weights. */
function otherModel() {
  const model = irisModel();
  model.setWeights(model.getWeights().map((weight) => tfc.mul(weight, 1.5)));
  return model;
}

function awaitCommit(commit: string, times: { lastingMs?: number } = {}) {
  const info = (line: string) => lines.push(line);
  return awaitSync({ ...where, commit }, { ...gitops, ...times, timeoutMs: 720_000, pollMs: 500, info });
}

/** What this many pods say that all have one release. */
function pods(length: number, version: string, { modelDigest: digest }: typeof first) {
  return Array.from({ length }, () => ({ class: "setosa", version, digest }));
}

const replicas = async () => {
  const found = (await getJson("deployment", "iris-serving", "-n", "models-dev")) as { spec: { replicas: number } };
  return found.spec.replicas;
};

test("a promotion is deployed: Synced and Healthy, and its pods answer with the model that was promoted", async () => {
  const commit = await promotions.promoted(1, first);
  expect(await awaitCommit(commit)).toMatchObject({
    kind: "deployed",
    reason: expect.stringContaining("version 1 is Synced and Healthy"),
    release: { version: "1" },
  });
  expect(await servedByPods()).toEqual(pods(2, "1", first));
  const long = await askPods(" ".repeat(bodyLimitBytes + 1)); // how it serves is in the image
  expect(long.map(({ status }) => status)).toEqual([413, 413]);
});

test("Argo CD's page tells the model's story, with links to its run, its pull request and its dashboard", async () => {
  const page = () => askArgocd("/api/v1/applications/serving-dev-iris", gitops.token);
  const info = (name: string, value: string) => ({ name, value });
  const links = [
    "Dashboard|https://grafana.example.com/d/slipway-serving?var-namespace=models-dev&var-model=iris",
    "MLflow run|http://mlflow:5000/#/runs/run-1",
    "Model|http://mlflow:5000/#/models/iris",
    "Pull request|https://github.com/octo-org/models/pull/7",
  ];
  await expect.poll(page, { timeout: 180_000, interval: 2_000 }).toMatchObject({
    spec: {
      info: [
        info("Model version", "1"),
        info("Metric", "accuracy 96 %"),
        info("Verdict", "pass: accuracy 96 % reaches 90 %"),
        info("Model digest", first.modelDigest),
        info("Code commit", merged),
        info("MLflow run", "run-1"),
      ],
    },
    status: { summary: { externalURLs: links } },
  });
  const nothing = await askArgocd("/api/v1/applications/serving-prod-iris", gitops.token);
  expect(nothing).toMatchObject({
    metadata: { annotations: { "link.argocd.argoproj.io/model": "Model|http://mlflow:5000/#/models/iris" } },
    spec: { info: expect.arrayContaining([info("Model version", "none yet"), info("Verdict", "none yet")]) },
  });
  expect(nothing).not.toHaveProperty(["metadata", "annotations", "link.argocd.argoproj.io/run"]);
});

test("what somebody changes by hand is healed", async () => {
  await kubectl(["scale", "deployment/iris-serving", "-n", "models-dev", "--replicas=5"]);
  await expect.poll(replicas, { timeout: 120_000, interval: 200 }).toBe(2);
});

test("a token that may only read is enough, and can change nothing", async () => {
  const answer = await fetch(`${argocdUrl}/api/v1/applications/serving-dev-iris/sync`, {
    method: "POST",
    headers: { authorization: `Bearer ${gitops.token}`, "content-type": "application/json" },
    body: "{}",
  });
  expect(answer.status).toBe(403);
  const admin = createArgocd({ url: argocdUrl, token: await adminToken() });
  expect(await admin.application("serving-dev-iris")).toMatchObject({ status: { sync: { status: "Synced" } } });
});

describe("what can't be asked", () => {
  test("an Application that is not there, and a token that is none, are told with the remedy", async () => {
    await expect(gitops.argocd.application("serving-dev-none")).rejects.toThrow(/403.*no such Application/);
    const stranger = createArgocd({ url: argocdUrl, token: "none" });
    await expect(stranger.application("serving-dev-iris")).rejects.toThrow(ArgocdError);
    await expect(stranger.application("serving-dev-iris")).rejects.toThrow(/401.*generate-token/);
  });

  test("an Argo CD that never answers ends the wait with its address", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const argocd = createArgocd({ url, token: "none", tries: 2 });
    const commit = await gitops.committer.head();
    const waiting = awaitSync(
      { ...where, commit },
      { ...gitops, argocd, timeoutMs: 2_000, pollMs: 100, info: () => undefined },
    );
    await expect(waiting).rejects.toThrow(ArgocdUnreachableError);
    await expect(waiting).rejects.toThrow(url);
  });
});

test("an image that can't be pulled stops at the old pods, and why is told", async () => {
  const broken = { ...second, image: { ...second.image, digest: sha256Of("e") } };
  const commit = await promotions.promoted(2, broken);
  expect(await awaitCommit(commit, { lastingMs: 5_000 })).toMatchObject({
    kind: "failed",
    reason: expect.stringMatching(
      /degraded for \d+ s: .*pod iris-serving-\S+: .*(ErrImagePull|ImagePullBackOff|not found|pull)/i,
    ),
  });
  expect(await servedByPods()).toEqual(pods(2, "1", first));
});

test("a rollback brings the version before back", async () => {
  const request = { ...where, reason: "its image can't be pulled" };
  const result = await rollback(request, { ...gitops, registry: undefined });
  expect(result).toMatchObject({ kind: "promoted", version: "1", fromVersion: "2" });
  if (result.kind !== "promoted") throw new Error(result.kind);
  expect(await awaitCommit(result.commit.sha)).toMatchObject({ kind: "deployed", release: { version: "1" } });
});

test("pods with the component request-log write what they are asked into S3, where drift is measured", async () => {
  await using s3 = await startS3();
  await using forward = await forwardFromPods(Number(new URL(s3.endpoint).port));
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } = s3.variables;
  const place = `s3://${s3.bucket}/requests`;
  const named = (values: Record<string, string | undefined>) =>
    Object.entries(values).map(([key, value]) => `--from-literal=${key}=${value}`);
  const settings = {
    REQUEST_LOG: place,
    REQUEST_LOG_SECONDS: "1",
    AWS_ENDPOINT_URL_S3: `http://${forward.host}`,
    AWS_REGION,
  };
  const keys = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
  await kubectl(["create", "configmap", "serving", "-n", "models-dev", ...named(settings)]);
  await kubectl(["create", "secret", "generic", "serving", "-n", "models-dev", ...named(keys)]);
  const component = "components: [../../../components/request-log]\n";
  await promotions.change((source) => `${source}${component}`);
  const { endpoint, credentials } = s3;
  const storage = openStorage(place, code.path, { endpoint, credentials });
  const logged = async () => {
    await servedByPods();
    let count = 0;
    const window = { digest: first.modelDigest };
    const log = { storage, prefix: "iris" };
    if ((await storage.list("iris")).length > 0) await readRequests(log, window, () => void count++);
    return count;
  };
  await expect.poll(logged, { timeout: 180_000, interval: 1_000 }).toBeGreaterThan(2);
  await promotions.change((source) => source.replace(component, ""));
  await kubectl(["delete", "configmap/serving", "secret/serving", "-n", "models-dev"]);
});

test("the number of pods is its owner's: set to 3 in git, it stays 3 through a promotion", async () => {
  await promotions.change((source) => source.replace(/count: \d+/, "count: 3"));
  await expect.poll(replicas, { timeout: 120_000, interval: 500 }).toBe(3);
  const commit = await promotions.promoted(3, second);
  expect(await awaitCommit(commit)).toMatchObject({ kind: "deployed" });
  expect(await servedByPods()).toEqual(pods(3, "3", second));
});

test("of twenty promotions at once the newest ends in the cluster, and older ones are superseded", async () => {
  const releases = Array.from({ length: 20 }, (_, index) => {
    if (index === 19) return promotions.release(23, first);
    return promotions.release(4 + index, {
      modelDigest: sha256Of("0").replace(/..$/, String(10 + index)),
      image: { ...first.image, tag: `t${index}` },
    });
  });
  const shuffled = releases.toSorted((a, b) => a.runId.localeCompare(b.runId) || Number(a.version) - Number(b.version));
  const results = await Promise.all(shuffled.map((each) => promotions.promoteOne(each)));
  expect(results.filter(({ kind }) => !["promoted", "superseded"].includes(kind))).toEqual([]);
  const awakenings = await Promise.all(
    results.flatMap((result) => (result.kind === "promoted" ? [awaitCommit(result.release.commit.sha)] : [])),
  );
  const byKind = (kind: string) =>
    awakenings.filter((each) => each.kind === kind).map(({ release: { version } }) => version);
  expect(byKind("deployed")).toEqual(["23"]);
  expect(byKind("superseded")).toHaveLength(awakenings.length - 1);
  expect(await readChampion(gitops.committer, where)).toMatchObject({ version: "23" });
  expect(new Set((await servedByPods()).map(({ version }) => version))).toEqual(new Set(["23"]));
});
