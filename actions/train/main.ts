import { relative, resolve } from "node:path";
import { createArgocd } from "#actions/gitops/argocd.ts";
import { openGitHubTarget } from "#actions/gitops/github-target.ts";
import { codeRoot } from "#actions/io/code-root.ts";
import { loadActionConfig } from "#actions/io/config.ts";
import { connectGitHub } from "#actions/io/connect.ts";
import { readEvent } from "#actions/io/event.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { connectMlflow } from "#actions/io/mlflow.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { BadInputError } from "#config/bad-input.ts";
import { ExitCode } from "#config/exit-code.ts";
import { readGitState } from "#training/git-state.ts";
import { openStorage } from "#training/storage/open.ts";
import { beginSweep } from "#training/sweep/run.ts";
import { removeJobs, trainInCluster } from "./cluster.ts";
import { Inputs } from "./inputs.ts";
import { orderOf } from "./job-order.ts";
import { run, runTrials } from "./run.ts";

const interruption = new AbortController();
const { signal } = interruption;
for (const [name, code] of Object.entries({ SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.preempted })) {
  process.on(name, () => {
    if (signal.aborted) process.exit(code); // asked twice
    process.exitCode = code;
    interruption.abort(new Error(`stopped by ${name}`));
  });
}

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const { "package-uri": packageUri, "model-digest": modelDigest, where } = inputs;
  const root = resolve(inputs.root);
  const config = await loadActionConfig(inputs, inputs.model);
  const storage = openStorage(config.models.uri, root);
  const git = await readGitState(root);
  const earlier = packageUri && modelDigest ? { packageUri, modelDigest } : undefined;
  const options = { ...{ root, codeRoot, config, info, storage, git, signal }, client: connectMlflow(config) };
  const readJob = where === "cluster" && !earlier ? await throughCluster() : undefined;
  if (readJob === "queued") return undefined;
  const trained = inputs.sweep
    ? await runTrials({ ...options, trains: where === "runner" })
    : await run(options, earlier);
  await readJob?.();
  setOutputs({
    state: "trained",
    candidate: relative(".", trained.folder),
    "content-hash": trained.candidate.contentHash,
    "model-digest": trained.candidate.modelDigest,
    "package-uri": trained.packageUri,
    "run-id": trained.candidate.run?.runId,
    reused: String(trained.reused),
  });
  return undefined;

  /** Waits for a Job; returns what removes it once its candidate has been read. */
  async function throughCluster(): Promise<"queued" | (() => Promise<void>)> {
    const { image = "", set, retry, minutes, token, "argocd-url": url, "argocd-token": argocdToken } = inputs;
    if ((await readEvent()).pullRequest)
      throw new BadInputError("where: cluster: what a pull request trains is committed nowhere; train it on a runner");
    const { github, here } = await connectGitHub(token);
    const { committer } = await openGitHubTarget(github, here, { ...config.promotion, mode: "commit" });
    const argocd = url && argocdToken ? createArgocd({ url, token: argocdToken }) : undefined;
    const sweep = inputs.sweep ? await beginSweep(options) : undefined;
    const order = await orderOf({ ...{ root, codeRoot, config, sweep, set, image, signal, info }, gitSha: git?.sha });
    const parts = { committer, storage, argocd, retry, signal, info, timeoutMs: minutes * 60_000 };
    const { kind, reason } = await trainInCluster(order, parts);
    info(reason);
    if (kind === "trained") return () => removeJobs(order, committer);
    setOutputs({ state: "queued", "content-hash": order.contentHash });
    return "queued";
  }
});
