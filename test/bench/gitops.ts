import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as tfc from "@tensorflow/tfjs-core";
import { awaitSync } from "#actions/await-sync/run.ts";
import { overlayPath, readOverlay, writeOverlay } from "#actions/gitops/overlay.ts";
import { promote } from "#actions/promote/run.ts";
import { startCluster, stopCluster } from "#test/parts/cluster/cluster.ts";
import { adminToken, followGitops } from "#test/parts/cluster/gitops.ts";
import { startDocker, stopDocker } from "#test/parts/cluster/images.ts";
import { nodeAddress, ports, program } from "#test/parts/cluster/place.ts";
import { makeServingImage } from "#test/parts/cluster/serving-image.ts";
import { command } from "#test/parts/command.ts";
import { irisModel } from "#test/parts/iris-served.ts";
import { registered, sha256Of } from "#test/parts/release.ts";

// `npm run bench -- gitops [--rounds 5]`: from a commit to all pods running it, through promote and await-sync, against a
// plain git commit and Argo CD's own `argocd app wait`, in turn on the same cluster. Needs root: npm run cluster -- status
const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const where = { env: "dev", model: "iris" };

await startCluster((line) => console.log(line));
try {
  await using gitops = await followGitops();
  await startDocker();
  const other = irisModel();
  other.setWeights(other.getWeights().map((weight) => tfc.mul(weight, 1.5)));
  const images = [await makeServingImage("first", irisModel()), await makeServingImage("second", other)];
  await stopDocker();
  const token = await adminToken();
  const { committer, history } = gitops;
  let version = 0;

  async function ours(): Promise<void> {
    version++;
    const image = images[version % 2] as (typeof images)[0];
    const about = { history, order: "version", server: () => sha256Of("f"), blocked: async () => undefined } as const;
    const [result] = await promote([{ ...registered(version), state: "built", ...image }], { ...about, committer });
    if (result.kind !== "promoted") throw new Error(`${result.kind}: ${result.reason}`);
    const wanted = { ...where, commit: result.release.commit.sha };
    const { kind, reason } = await awaitSync(wanted, { ...gitops, timeoutMs: 600_000, info: () => undefined });
    if (kind !== "deployed") throw new Error(`${kind}: ${reason}`);
  }

  async function plain(): Promise<void> {
    version++;
    const { modelDigest, image } = images[version % 2] as (typeof images)[0];
    const path = join(gitops.folder, overlayPath("dev", "iris"));
    const source = await readFile(path, "utf8");
    const overlay = readOverlay(source);
    if (!overlay) throw new Error("nothing was promoted yet");
    await writeFile(path, writeOverlay(source, { ...overlay, version: String(version), modelDigest, image }));
    const identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
    await command(["git", ...identity, "commit", "--quiet", "--all", "--message", `Version ${version}`], {
      cwd: gitops.folder,
    });
    await argocd("get", "--refresh");
    await argocd("wait", "--sync", "--health", "--timeout=600");
  }

  async function argocd(verb: string, ...args: string[]): Promise<void> {
    const server = ["--server", `${nodeAddress}:${ports.argocd}`, "--plaintext", "--auth-token", token];
    await command([program("argocd"), "app", verb, "serving-dev-iris", ...args, ...server]);
  }

  await ours(); // the first pods of all
  const [byUs, byHand]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    byUs.push(await secondsOf(ours));
    byHand.push(await secondsOf(plain));
    console.log(`round ${round + 1}: ${byUs.at(-1)?.toFixed(1)} s, ${byHand.at(-1)?.toFixed(1)} s by git and argocd`);
  }
  console.log(
    `commit to synced: ${median(byUs).toFixed(1)} s; by git and argocd ${median(byHand).toFixed(1)} s (medians)`,
  );
  console.log(`ratio commit-to-synced ${(median(byUs) / median(byHand)).toFixed(2)}`);
} finally {
  await stopCluster();
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
