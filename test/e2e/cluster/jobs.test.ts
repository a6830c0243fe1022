import { afterAll, beforeAll, expect, test } from "vitest";
import { removeJobs, trainInCluster } from "#actions/train/cluster.ts";
import { followGitops } from "#test/parts/cluster/gitops.ts";
import { changePattern, orderOf } from "#test/parts/cluster/jobs.ts";
import { getJson } from "#test/parts/cluster/kubectl.ts";
import { useCluster } from "#test/parts/cluster/use.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createFolderStorage } from "#training/storage/folder.ts";

const stack = new AsyncDisposableStack();
let gitops: Awaited<ReturnType<typeof followGitops>>;
let store: ReturnType<typeof createFolderStorage>;
const lines: string[] = [];

useCluster();
beforeAll(async () => {
  gitops = stack.use(await followGitops());
  store = createFolderStorage(stack.use(await temporaryFolder()).path);
  await changePattern(gitops.committer, (job) => {
    job.spec.template.spec.nodeSelector = { "slipway.test/node": "none" }; // so that it waits for as long as we like
  });
});
afterAll(async () => await stack.disposeAsync());

function train(of: Awaited<ReturnType<typeof orderOf>>, { retry = false, timeoutMs = 0 } = {}) {
  const { committer, argocd } = gitops;
  const info = (line: string) => lines.push(line);
  return trainInCluster(of, { committer, argocd, storage: store, retry, timeoutMs, pollMs: 500, info });
}

const jobs = async () =>
  ((await getJson("jobs", "-n", "training-dev")) as { items: { metadata: { name: string; uid: string } }[] }).items.map(
    ({ metadata: { name, uid } }) => ({ name, uid }),
  );
const names = async () => (await jobs().catch(() => [])).map(({ name }) => name).sort();
const application = async () => {
  const { status } = (await getJson("application", "training-dev", "-n", "argocd")) as {
    status: { sync: { status: string; revision: string }; health: { status: string } };
  };
  return { sync: status.sync.status, revision: status.sync.revision, health: status.health.status };
};

test("a Job that is committed comes to the cluster, waits, and that is healthy", async () => {
  const { kind, job } = await train(await orderOf("iris", "1"));
  expect(kind).toBe("queued");
  await expect.poll(names, { timeout: 180_000, interval: 500 }).toEqual([job]);
  await expect
    .poll(application, { timeout: 120_000, interval: 500 })
    .toMatchObject({ sync: "Synced", health: "Healthy", revision: await gitops.committer.head() });
  const tree = await gitops.argocd.resourceTree("training-dev");
  expect(tree.nodes.find(({ name, kind: is }) => is === "Job" && name === job)?.health).toEqual({
    status: "Healthy",
    message: "queued: waits for its turn",
  });
});

test("the same training again makes no second Job", async () => {
  const before = await jobs();
  const head = await gitops.committer.head();
  await train(await orderOf("iris", "1"));
  expect(await gitops.committer.head()).toBe(head);
  expect(await jobs()).toEqual(before);
});

test("while it waits, the next one is committed and comes too, and the first is left alone", async () => {
  const [first] = await jobs();
  const { job } = await train(await orderOf("cifar10", "2"));
  await expect.poll(names, { timeout: 180_000, interval: 500 }).toEqual([job, first?.name].toSorted());
  expect(await jobs()).toContainEqual(first);
});

test("once its candidate was read, its file goes and Argo CD removes the Job with its configuration", async () => {
  const of = await orderOf("iris", "1");
  await store.write("iris/1000000000000000/candidate/candidate.json", Buffer.from("{}"));
  expect(await train(of)).toMatchObject({ kind: "trained" });
  await removeJobs(of, gitops.committer);
  await expect.poll(names, { timeout: 180_000, interval: 500 }).toEqual([expect.stringMatching(/^train-cifar10-/)]);
  const maps = (await getJson("configmaps", "-n", "training-dev")) as { items: { metadata: { name: string } }[] };
  const left = maps.items.map(({ metadata: { name } }) => name).filter((name) => name.startsWith("train-"));
  expect(left).toEqual([expect.stringMatching(/^train-cifar10-/)]);
});

test("a Job that fails is degraded, and whoever waits for it is told why and how to try again", async () => {
  await changePattern(gitops.committer, (job) => {
    job.spec.activeDeadlineSeconds = 2; // of waiting, too
  });
  const of = await orderOf("iris", "3");
  await expect(train(of, { timeoutMs: 300_000 })).rejects.toThrow(
    /the Job train-iris-3000000000000000-1 failed: Job was active longer than specified deadline\. To try once more, start it with retry: true/,
  );
  await expect.poll(application, { timeout: 120_000, interval: 500 }).toMatchObject({ health: "Degraded" });
  await expect(train(of, { timeoutMs: 300_000 })).rejects.toThrow(/-1 failed/); // no second attempt that nobody asked for
});

test("asked for, the next attempt takes its place, and while that one runs there is no other", async () => {
  await changePattern(gitops.committer, (job) => {
    delete job.spec.activeDeadlineSeconds;
  });
  const of = await orderOf("iris", "3");
  expect(await train(of, { retry: true })).toMatchObject({ kind: "queued", job: "train-iris-3000000000000000-2" });
  await expect
    .poll(names, { timeout: 180_000, interval: 500 })
    .toEqual([expect.stringMatching(/^train-cifar10-/), "train-iris-3000000000000000-2"]);
  await expect
    .poll(application, { timeout: 120_000, interval: 500 })
    .toMatchObject({ sync: "Synced", health: "Healthy" });
  expect(await train(of, { retry: true })).toMatchObject({ job: "train-iris-3000000000000000-2" });
});
