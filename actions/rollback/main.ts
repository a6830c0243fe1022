import { openGitHubTarget } from "#actions/gitops/github-target.ts";
import { annotate } from "#actions/io/annotate.ts";
import { loadActionConfig } from "#actions/io/config.ts";
import { connectGitHub } from "#actions/io/connect.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { prose } from "#actions/io/markdown.ts";
import { connectMlflow } from "#actions/io/mlflow.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { writeSummary } from "#actions/io/summary.ts";
import { ExitCode } from "#config/exit-code.ts";
import { Inputs } from "./inputs.ts";
import { rollback } from "./run.ts";

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const { env, model, reason, "to-version": toVersion } = inputs;
  const config = await loadActionConfig(inputs, model);
  const { github, here } = await connectGitHub(inputs.token);
  const target = await openGitHubTarget(github, here, config.promotion);
  const registry = connectMlflow(config);
  const result = await rollback(
    { env, model, reason, toVersion },
    { ...target, registry, issues: { github, repository: here.repository } },
  ).finally(() => registry.close());

  const done = "version" in result ? result : undefined;
  setOutputs({
    kind: result.kind,
    commit: "commit" in result ? result.commit?.sha : undefined,
    "pull-request": result.kind === "proposed" ? String(result.pullRequest.number) : undefined,
    version: done?.version,
    "from-version": done?.fromVersion,
    "issue-url": done?.issueUrl,
  });
  const unfinished = done?.unfinished ?? [];
  for (const message of unfinished) annotate({ level: "warning", title: "rollback is not whole", message });
  const told = done
    ? `${model} in ${env}: from version ${done.fromVersion} back to ${done.version}: ${done.reason}`
    : result.reason;
  info(told);
  await writeSummary(prose(told).markdown);
  if (result.kind === "refused") return { code: ExitCode.held, reason: result.reason };
  if (unfinished.length === 0) return undefined;
  return { code: ExitCode.held, reason: `${told}. Run this again, it does what is left: ${unfinished.join("; ")}` };
});
