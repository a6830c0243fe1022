import { argoCdUrl } from "#actions/gitops/application.ts";
import { createArgocd } from "#actions/gitops/argocd.ts";
import { createGitHubCodeHistory } from "#actions/gitops/github-history.ts";
import { openGitHubTarget } from "#actions/gitops/github-target.ts";
import { annotate } from "#actions/io/annotate.ts";
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
import { MlflowError, MlflowUnreachableError } from "#training/mlflow/errors.ts";
import { moveChampionAlias } from "#training/mlflow/production.ts";
import { openDeployment } from "./deployment.ts";
import { Inputs } from "./inputs.ts";
import { awaitSync } from "./run.ts";
import { awaitStatus } from "./statuses.ts";

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const { env, model, commit, token, "argocd-url": url, "argocd-token": argocdToken } = inputs;
  if (url && !argocdToken) throw new BadInputError("argocd-token: is missing: argocd-url can't be asked without one");
  const config = await loadActionConfig(inputs, model);
  const event = await readEvent();
  const { github } = await connectGitHub(token);
  const manifests = inputs["manifests-token"] ? (await connectGitHub(inputs["manifests-token"])).github : github;
  const { committer } = await openGitHubTarget(manifests, event, config.promotion);
  const shown = config.argocd.url ?? url;
  const deployment = await openDeployment(github, {
    ...{ repository: event.repository, ref: event.sha, env, model, logUrl: event.runUrl },
    url: shown && argoCdUrl(shown, { env, model }),
  });
  const common = { committer, timeoutMs: inputs.minutes * 60_000, info };
  const history = createGitHubCodeHistory({ github: manifests, repository: committer.repository });
  try {
    const { kind, reason, release } =
      url && argocdToken
        ? await awaitSync(
            { env, model, commit },
            { ...common, history, argocd: createArgocd({ url, token: argocdToken }) },
          )
        : await awaitStatus({ env, model, commit }, { ...common, github: manifests });
    info(reason);
    await deployment.end({ kind, reason });
    setOutputs({ kind, reason, version: release.version });
    if (kind === "failed" || kind === "timeout") {
      const back = `To go back to the version before, run the workflow rollback (model ${model}, environment ${env}).`;
      return {
        code: ExitCode.failed,
        reason: `${model} ${release.version} does not run in ${env}: ${reason}\n${back}`,
      };
    }
    if (kind === "deployed") await moveAlias(release.version);
    return undefined;
  } catch (error) {
    await deployment.end({ kind: "timeout", reason: error instanceof Error ? error.message : String(error) });
    throw error;
  }

  async function moveAlias(version: string): Promise<void> {
    const client = connectMlflow(config);
    try {
      await moveChampionAlias(client, { model, env, version });
    } catch (error) {
      if (!(error instanceof MlflowError || error instanceof MlflowUnreachableError)) throw error;
      annotate({ level: "warning", message: `the alias champion-${env} is not moved: ${error.message}` });
    } finally {
      await client.close();
    }
  }
});
