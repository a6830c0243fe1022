import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { awaitSync } from "#actions/await-sync/run.ts";
import { type Argocd, createArgocd } from "#actions/gitops/argocd.ts";
import { relay } from "#test/parts/cluster/forward.ts";
import { followGitops } from "#test/parts/cluster/gitops.ts";
import { argocdUrl, nodeAddress, ports } from "#test/parts/cluster/place.ts";
import { createPromotions, where } from "#test/parts/cluster/promotions.ts";
import { useCluster } from "#test/parts/cluster/use.ts";
import { command } from "#test/parts/command.ts";
import { freePort } from "#test/parts/mlflow.ts";
import { temporaryFolder } from "#test/parts/temporary-folder.ts";

const lines: string[] = [];
let gitops: Awaited<ReturnType<typeof followGitops>>;
let promotions: ReturnType<typeof createPromotions>;

useCluster();
beforeAll(async () => {
  gitops = await followGitops({ retries: 1 }); // so that a sync that fails has failed soon
  promotions = createPromotions(gitops);
  const commit = await promotions.promoted(1);
  await promotions.change((source) => source.replace(/count: \d+/, "count: 0")); // no pods: nothing here gets as far as them
  expect(await awaitCommit(commit)).toMatchObject({ kind: "deployed" });
});
afterAll(async () => await gitops?.[Symbol.asyncDispose]());

function awaitCommit(
  commit: string,
  { seconds = 400, ...others }: { seconds?: number; argocd?: Argocd; lastingMs?: number } = {},
) {
  const info = (line: string) => lines.push(line);
  const times = { timeoutMs: seconds * 1_000, pollMs: 500 };
  return awaitSync({ ...where, commit }, { ...gitops, ...times, ...others, info });
}

test("manifests that do not build fail the wait with kustomize's own words", async () => {
  await promotions.change((source) =>
    source.replace("resources: [../../../base]", "resources: [../../../base, none.yaml]"),
  );
  const commit = await promotions.promoted(2);
  expect(await awaitCommit(commit, { lastingMs: 5_000 })).toMatchObject({
    kind: "failed",
    reason: expect.stringMatching(/degraded for \d+ s: Argo CD can't compare: [\s\S]*none\.yaml/),
  });
  await promotions.change((source) => source.replace(", none.yaml", ""));
  expect(await awaitCommit(commit)).toMatchObject({ kind: "deployed" });
});

test("a resource that the cluster does not take fails the wait with its own reason, and the commit that mends it is deployed", async () => {
  const generator = "configMapGenerator: [{ name: forbidden, literals: [a=b] }]\n";
  await promotions.change((source) => source + generator);
  const commit = await promotions.promoted(3);
  expect(await awaitCommit(commit)).toMatchObject({
    kind: "failed",
    reason: expect.stringMatching(
      /the sync of [0-9a-f]{12} ended as Failed: ConfigMap .*forbidden.* not permitted in project serving/,
    ),
  });
  await promotions.change((source) => source.replace(generator, ""));
  expect(await awaitCommit(await promotions.promoted(4))).toMatchObject({
    kind: "deployed",
    release: { version: "4" },
  });
});

test("an Argo CD that does not get the commit ends the wait in time, and says where it stands", async () => {
  const before = await gitops.committer.head();
  await using folder = await temporaryFolder();
  const frozen = join(folder.path, "frozen.git");
  await command(["git", "clone", "--quiet", "--bare", gitops.folder, frozen]);
  await gitops.serve(frozen);
  const commit = await promotions.promoted(5);
  const { kind, reason } = await awaitCommit(commit, { seconds: 15 });
  expect(kind).toBe("timeout");
  expect(reason).toContain(`Argo CD is at ${before.slice(0, 12)}, which does not have the promotion yet`);
  expect(reason).toContain(`${argocdUrl}/applications/serving-dev-iris`);
  await gitops.serve(join(gitops.folder, ".git"));
  expect(await awaitCommit(commit)).toMatchObject({ kind: "deployed" });
});

test("an Argo CD that is away for a while is waited for", async () => {
  const commit = await promotions.promoted(6);
  const port = await freePort();
  const argocd = createArgocd({ url: `http://127.0.0.1:${port}`, token: gitops.token, tries: 1 });
  const waiting = awaitCommit(commit, { argocd });
  await sleep(1_000);
  await using _road = await relay({ host: "127.0.0.1", port }, { host: nodeAddress, port: ports.argocd });
  expect(await waiting).toMatchObject({ kind: "deployed" });
  expect(lines).toContainEqual(expect.stringMatching(`127\\.0\\.0\\.1:${port}.*no answer`));
  await argocd.close();
});
