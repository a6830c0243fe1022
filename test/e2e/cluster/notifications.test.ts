import { afterAll, beforeAll, expect, test } from "vitest";
import { awaitStatus } from "#actions/await-sync/statuses.ts";
import { createGitHubCodeHistory } from "#actions/gitops/github-history.ts";
import { openGitHubTarget, type PromotionTarget } from "#actions/gitops/github-target.ts";
import { trainInCluster } from "#actions/train/cluster.ts";
import { forwardFromPods } from "#test/parts/cluster/forward.ts";
import { follow } from "#test/parts/cluster/gitops.ts";
import { changePattern, orderOf } from "#test/parts/cluster/jobs.ts";
import { tellGitHub } from "#test/parts/cluster/notifications.ts";
import { createPromotions, where } from "#test/parts/cluster/promotions.ts";
import { useCluster } from "#test/parts/cluster/use.ts";
import { createGitHubRoad } from "#test/parts/github-road.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";
import { createFolderStorage } from "#training/storage/folder.ts";

// A runner without a road to Argo CD: what it knows, Argo CD's own notifications have told GitHub
const context = "slipway/argocd (serving-dev-iris)";
const stack = new AsyncDisposableStack();
let road: Awaited<ReturnType<typeof createGitHubRoad>>;
let target: PromotionTarget;
let promotions: ReturnType<typeof createPromotions>;

useCluster();
beforeAll(async () => {
  road = stack.use(await createGitHubRoad());
  target = await openGitHubTarget(road.client(), { repository: road.repository }, { mode: "commit" });
  const history = createGitHubCodeHistory({ github: road.client(), repository: road.repository });
  promotions = createPromotions({ committer: target.committer, history });
  const { port } = new URL(road.hub.apiUrl);
  const { host } = stack.use(await forwardFromPods(Number(port)));
  const following = await follow(road.hub.gitFolder, { name: road.repository, retries: 0 });
  stack.use(following);
  await tellGitHub(`http://${host}/api/v3`, road.hub.token({ statuses: "write", contents: "write" }));
});
afterAll(async () => await stack.disposeAsync());

function awaitCommit(commit: string, timeoutMs = 400_000) {
  const github = road.client({ contents: "read", statuses: "read" });
  const { committer } = target;
  return awaitStatus({ ...where, commit }, { github, committer, timeoutMs, pollMs: 500, info: () => undefined });
}

test("a promotion that runs has a commit status that says so, on it or on a later commit that still has it", async () => {
  const commit = await promotions.promoted(1);
  const soon = await awaitCommit(commit, 0);
  expect(soon).toMatchObject({ kind: "timeout", reason: expect.stringContaining(`no status ${context}`) });
  await promotions.change((source) => source.replace(/count: \d+/, "count: 0")); // nobody can pull this image
  expect(await awaitCommit(commit)).toMatchObject({
    kind: "deployed",
    reason: expect.stringMatching(/^slipway\/argocd \(serving-dev-iris\) on [0-9a-f]{12}: Synced and Healthy$/),
    release: { version: "1" },
  });
});

test("one that the cluster does not take has a status of failure", async () => {
  await promotions.change((source) => `${source}configMapGenerator: [{ name: forbidden, literals: [a=b] }]\n`);
  const commit = await promotions.promoted(2);
  expect(await awaitCommit(commit)).toMatchObject({ kind: "failed", reason: expect.stringMatching(/sync Failed$/) });
  const status = road.hub.state.statuses.findLast(({ state }) => state === "failure");
  expect(status).toMatchObject({ context, sha: commit });
});

test("one whose place another took is superseded", async () => {
  const commit = await promotions.promoted(3);
  await promotions.promoted(4);
  expect(await awaitCommit(commit)).toMatchObject({ kind: "superseded", reason: expect.stringContaining("version 4") });
});

test("a training that ended starts the workflow finish, for its environment, while another goes on", async () => {
  const { committer } = target;
  const storage = createFolderStorage(stack.use(await temporaryFolder()).path);
  const parts = { committer, storage, argocd: undefined, retry: false, timeoutMs: 0, info: () => undefined };
  const before = road.hub.state.dispatches.length;
  const told = () => road.hub.state.dispatches.slice(before);
  await trainInCluster(await orderOf("iris", "1"), parts); // it waits for a node
  await changePattern(committer, (job) => {
    job.spec.activeDeadlineSeconds = 1; // it ends without one
  });
  await trainInCluster(await orderOf("iris", "2"), parts);
  await expect.poll(told, { timeout: 180_000, interval: 1_000 }).not.toEqual([]);
  const ended = { event: "repository_dispatch", name: "training-ended", inputs: { env: "dev" } };
  expect(told()).toEqual([expect.objectContaining(ended)]);
});
