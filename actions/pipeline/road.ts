import { copyFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { run as gate } from "#actions/gate/run.ts";
import { readChampion } from "#actions/gitops/champion.ts";
import { createCodeHistory } from "#actions/gitops/code-history.ts";
import { openLocalRepository } from "#actions/gitops/local-repository.ts";
import { serverDigest, servingTree } from "#actions/gitops/server-digest.ts";
import { promote } from "#actions/promote/run.ts";
import { register } from "#actions/register/run.ts";
import { run as report } from "#actions/report/run.ts";
import { ExitCode } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import { readTools } from "#config/tools.ts";
import { packageUriOf } from "#training/candidate-store.ts";
import { evaluateCandidate } from "#training/evaluate/run.ts";
import { readGitState } from "#training/git-state.ts";
import { metricName, metricText } from "#training/metric-text.ts";
import type { MlflowClient } from "#training/mlflow/client.ts";
import { blockedReason, moveChampionAlias } from "#training/mlflow/production.ts";
import { ensureMlflow, type MlflowServer } from "#training/mlflow/server.ts";
import { outcome } from "#training/outcome.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Arguments } from "./arguments.ts";
import type { createTaskList } from "./task-list.ts";
import { sweepStep, trainStep } from "./train-step.ts";
import { type Ending, endingWithout, nextSteps, registeredNote, serverNote, shown } from "./wording.ts";

export const titles = ["Configuration", "MLflow", "Train", "Evaluate", "Gate", "Register", "Promote"] as const;

/** What the road stands on. */
export interface RoadParts {
  root: string; // the models' repository
  codeRoot: string; // Slipway's own checkout
  variables: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  list: ReturnType<typeof createTaskList<(typeof titles)[number]>>;
  /** The client of the MLflow that was found; `undefined` where there is none. */
  connect: (server: MlflowServer) => MlflowClient | undefined;
}

/**
 * Takes a model from its data to a release in the GitOps repository of this machine, `OUTPUTS/gitops`. What each step
 * leaves lies in `OUTPUTS/MODEL/HASH`; the report and the promoted release also in `OUTPUTS/MODEL`.
 */
export async function travel({ env, model, set, sweep }: Arguments, parts: RoadParts): Promise<Ending> {
  const { root, codeRoot, variables, signal, list, connect } = parts;
  const config = await list.step("Configuration", async () => {
    return { value: await loadConfig({ root, env, model, set, variables }), note: `${model} in ${env}` };
  });
  const outputs = resolve(root, config.outputs);
  const server = await list.step("MLflow", async (info) => {
    const { mlflowPython: python } = readTools(codeRoot);
    const value = await ensureMlflow({ uri: config.tracking.uri, folder: join(outputs, "mlflow"), python, info });
    return { value, note: serverNote(value) };
  });
  const client = connect(server);
  const storage = openStorage(config.models.uri, root);
  const git = await readGitState(root);

  const { candidate, folder } = await list.step("Train", (info) =>
    (sweep ? sweepStep : trainStep)({ root, codeRoot, config, storage, client, git, signal, info }),
  );
  const repository = await openLocalRepository({ folder: join(outputs, "gitops"), root });
  const champion = await readChampion(repository, { env, model });
  if (champion?.modelDigest === candidate.modelDigest) {
    const lines = [`Nothing to do: ${model} ${champion.version} is this very model.`, ...nextSteps(config, server)];
    return { code: ExitCode.done, lines };
  }

  const paths = {
    candidate: join(folder, "candidate/candidate.json"),
    evaluation: join(folder, "evaluation/evaluation.json"),
    verdict: join(folder, "verdict.json"),
    release: join(folder, "release.json"),
    report: join(outputs, model),
  };
  const reportFile = join(paths.report, "report.md");
  const writeReport = () => report(paths, { config, root, codeRoot, championPackage: champion?.packageUri });
  const evaluation = await list.step("Evaluate", async () => {
    const places = { candidate: join(folder, "candidate"), out: join(folder, "evaluation") };
    const { modelDigest } = candidate;
    const value = await evaluateCandidate({ root, config, storage, ...places, role: "test", champion, modelDigest });
    const { metric } = config.gate;
    const reached = metricText(metric, value.candidate.metrics[metric]);
    return { value, note: `${metricName(metric)} ${reached} on ${value.rows} test examples` };
  });
  const verdict = await list.step("Gate", async () => {
    const value = await gate({ evaluation: join(folder, "evaluation"), verdict: paths.verdict }, config.gate);
    return { value, note: outcome(value, config.gate.onInconclusive).reason };
  });
  const registered = await list.step("Register", async () => {
    const uri = packageUriOf(config, candidate);
    const registration = {
      candidate,
      evaluation,
      verdict,
      git,
      package: { folder: join(folder, "candidate/model"), uri },
    };
    const again = `run: npm start -- --env ${env} --model ${model}${sweep ? " --sweep" : ""}`;
    const value = await register(registration, { client, config, again });
    return { value, note: registeredNote(value) };
  });
  if (registered.kind !== "registered") {
    await rm(paths.release, { force: true });
    await writeReport();
    return endingWithout(registered, reportFile);
  }

  const promoted = await list.step("Promote", async () => {
    const server = serverDigest(await servingTree(codeRoot), config.serving);
    const [value] = await promote([registered.release], {
      committer: repository,
      history: createCodeHistory(root),
      order: config.promotion.order,
      server: () => server,
      blocked: async (version) => client && (await blockedReason(client, version)),
    });
    return { value, note: value.reason };
  });
  if (promoted.kind !== "promoted") {
    await writeReport();
    const code = promoted.kind === "refused" ? ExitCode.held : ExitCode.done;
    return { code, lines: [`Not promoted: ${promoted.reason}.`, `  report   ${shown(reportFile)}`] };
  }
  const { release } = promoted;
  if (client) await moveChampionAlias(client, release);
  await writeFile(paths.release, `${JSON.stringify(release, null, 2)}\n`);
  await writeReport();
  await copyFile(paths.release, join(outputs, model, "release.json"));
  return {
    code: ExitCode.done,
    lines: [
      `${model} ${release.version} is promoted to ${env}: commit ${release.commit.sha.slice(0, 12)} in ${shown(release.commit.repository)}`,
      `  report   ${shown(reportFile)}`,
      ...nextSteps(config, server),
    ],
  };
}
