import { execFile } from "node:child_process";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { imageNameOf, overlayPath } from "#actions/gitops/overlay.ts";
import { createActionCheckout, createModelsRepository } from "#test/parts/action-checkout.ts";
import { createGitHubRoad, promoting } from "#test/parts/github-road.ts";
import { kustomizeProgram } from "#test/parts/kustomize.ts";
import { registered, sha256Of } from "#test/parts/release.ts";

const rounds = 11;
const run = promisify(execFile);
const path = overlayPath("dev", "iris");

/**
 * Seconds from the start of the program that promotes to the commit on GitHub's branch, ours beside what a workflow would do by hand:
 * `kustomize edit set image`, commit and push from a checkout. Medians; the same emulated GitHub takes both, and the MLflow at
 * `uri` tells ours whether the version is blocked and moves its alias. Prints `ratio promote-wall`, ours / theirs.
 */
export async function benchPromoteWall(uri: string): Promise<void> {
  await using slipway = await createActionCheckout();
  await slipway.bundle();
  const ours = await timed(() => prepareOurs(slipway, uri));
  const theirs = await timed(prepareTheirs);
  console.log(`promote        ${seconds(ours)} s from the start of the action to the commit`);
  console.log(`kustomize, git ${seconds(theirs)} s for edit set image, commit and push`);
  console.log(`ratio promote-wall ${(ours / theirs).toFixed(2)}`);
}

/** A way to promote: `promote` leads to a commit that was not there. */
type Way = AsyncDisposable & { promote: (round: number) => Promise<unknown>; commits: () => Promise<number> };

async function timed(prepare: () => Promise<Way>): Promise<number> {
  await using way = await prepare();
  const times: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const before = await way.commits();
    const began = performance.now();
    await way.promote(round);
    times.push(performance.now() - began);
    if ((await way.commits()) !== before + 1) throw new Error("a promotion left no commit");
  }
  return times.sort((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
}

async function prepareOurs(slipway: Awaited<ReturnType<typeof createActionCheckout>>, uri: string): Promise<Way> {
  const road = await createGitHubRoad();
  const repository = await createModelsRepository();
  const env = {
    GITHUB_API_URL: road.hub.apiUrl,
    GITHUB_REPOSITORY: road.repository,
    MLFLOW_TRACKING_URI: uri,
  };
  const event = { repository: { default_branch: "main" } };
  const token = road.hub.token(promoting);
  return {
    async promote(round) {
      await repository.write("release.json", JSON.stringify(registered(round, road.start)));
      const { code, output } = await slipway.act(
        "promote",
        { token, "image-digest": sha256Of("d") },
        { cwd: repository.path, env, event },
      );
      if (code !== 0) throw new Error(output);
    },
    commits: async () => (await road.log("%H")).length,
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await road[Symbol.asyncDispose]();
    },
  };
}

async function prepareTheirs(): Promise<Way> {
  const road = await createGitHubRoad();
  const folder = await mkdtempDisposable(join(tmpdir(), "slipway-bench-"));
  const url = new URL(`${road.hub.serverUrl}/${road.repository}`);
  url.username = "x-access-token";
  url.password = road.hub.token(promoting);
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0" };
  const checkout = join(folder.path, "models");
  await run("git", ["clone", "--quiet", "--depth=1", url.href, checkout], { env });
  const identity = ["-c", "user.name=ci", "-c", "user.email=ci@example.com"];
  const name = imageNameOf(await readFile(join(checkout, path), "utf8"));
  return {
    async promote(round) {
      const image = `serving=${name}:${round}@${sha256Of("d")}`;
      await run(kustomizeProgram(), ["edit", "set", "image", image], { cwd: dirname(join(checkout, path)) });
      await run("git", [...identity, "commit", "--quiet", "-am", `Promote iris ${round}`], { cwd: checkout, env });
      await run("git", ["push", "--quiet", "origin", "HEAD:main"], { cwd: checkout, env });
    },
    commits: async () => (await road.log("%H")).length,
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await road[Symbol.asyncDispose]();
    },
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
