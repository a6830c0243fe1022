import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createCodeHistory, firstKnown } from "#actions/gitops/code-history.ts";
import { createGitHubCodeHistory } from "#actions/gitops/github-history.ts";
import { openGitHubTarget } from "#actions/gitops/github-target.ts";
import { serverDigest, servingTree } from "#actions/gitops/server-digest.ts";
import { annotate } from "#actions/io/annotate.ts";
import { codeRoot } from "#actions/io/code-root.ts";
import { loadActionConfig } from "#actions/io/config.ts";
import { connectGitHub } from "#actions/io/connect.ts";
import { readEvent } from "#actions/io/event.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { connectMlflow } from "#actions/io/mlflow.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { writeSummary } from "#actions/io/summary.ts";
import { BadInputError } from "#config/bad-input.ts";
import { ExitCode } from "#config/exit-code.ts";
import type { Digest } from "#training/candidate.ts";
import { readJsonFile } from "#training/json-file.ts";
import { isAway } from "#training/mlflow/away.ts";
import { MlflowError, MlflowUnreachableError } from "#training/mlflow/errors.ts";
import { blockedReason, moveChampionAlias } from "#training/mlflow/production.ts";
import { Release } from "#training/release.ts";
import { Inputs } from "./inputs.ts";
import { run } from "./run.ts";
import { outcomeOf, promoteTable } from "./summary.ts";

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const hashing = servingTree(codeRoot);
  const connecting = connectGitHub(inputs.token);
  for (const early of [hashing, connecting]) early.catch(() => undefined); // awaited below
  const root = resolve(inputs.root);
  const releases = await Promise.all(inputs.releases.map((file) => readJsonFile(file, Release)));
  const configs = await Promise.all(releases.map(({ model }) => loadActionConfig(inputs, model)));
  const [config, ...others] = configs;
  if (!config || others.some(({ promotion }) => !isDeepStrictEqual(promotion, config.promotion)))
    throw new BadInputError("these models are promoted into different places: promote them by steps of their own");
  const {
    repository = config.promotion.repository,
    branch = config.promotion.branch,
    mode = config.promotion.mode,
  } = inputs;

  const tree = await hashing;
  const servers = new Map(configs.map(({ model, serving }) => [model, serverDigest(tree, serving)]));
  const { github, here } = await connecting;
  const target = await openGitHubTarget(github, here, { repository, branch, mode });
  const client = connectMlflow(config);
  try {
    const results = await run(
      { env: inputs.env, releases: inputs.releases },
      {
        ...target,
        // a token for another repository may not see the code's
        history: firstKnown([
          createGitHubCodeHistory({ github, repository: here.repository }),
          createCodeHistory(root),
        ]),
        order: config.promotion.order,
        server: (model) => servers.get(model) as Digest, // of each release there is one
        imageDigest: inputs["image-digest"],
        blocked: (version) => blockedReason(client, version),
      },
    );
    const told = results.flatMap((result, index) => {
      const { model, version } = releases[index] ?? {};
      return model && version ? [{ model, version, result }] : [];
    });
    const moved = inputs.alias === "commit" ? results.filter((result) => result.kind === "promoted") : [];
    for (const { release } of moved) await moveAlias(release);
    const { kind, reason, commit, pullRequests, versions } = outcomeOf(told);
    info(reason);
    await writeSummary(promoteTable(told, (await readEvent()).serverUrl).markdown);
    setOutputs({ kind, commit, "pull-request": pullRequests.join("\n"), version: versions.join("\n") });
    return kind === "refused" ? { code: ExitCode.held, reason } : undefined;
  } catch (error) {
    if (!isAway(error)) throw error;
    return {
      code: ExitCode.held,
      reason: `${error.message}; whether a version is blocked is not known: when MLflow answers again, re-run this job`,
    };
  } finally {
    await client.close();
  }

  async function moveAlias(release: Release): Promise<void> {
    try {
      await moveChampionAlias(client, release);
    } catch (error) {
      if (!(error instanceof MlflowError || error instanceof MlflowUnreachableError)) throw error;
      annotate({ level: "warning", message: `the alias champion-${release.env} is not moved: ${error.message}` });
    }
  }
});
