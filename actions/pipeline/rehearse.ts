import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { readChampion } from "#actions/gitops/champion.ts";
import { createLocalGit } from "#actions/gitops/local-git.ts";
import { planTraining } from "#actions/plan/training.ts";
import { ExitCode } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import { openStorage } from "#training/storage/open.ts";
import type { Arguments } from "./arguments.ts";
import { type Ending, shown } from "./wording.ts";

const deeds = {
  train: "would train, evaluate and judge it, then register and promote it if it passes",
  reuse: "would not train; would evaluate and judge it, then register and promote it if it passes",
  nothing: "would do nothing",
};

/** Tells what the road would do with a model, and why. Starts and changes nothing. */
export async function rehearse(
  { env, model, set }: Arguments,
  {
    root,
    codeRoot,
    variables,
  }: { root: string; codeRoot: string; variables: Readonly<Record<string, string | undefined>> },
): Promise<Ending> {
  const config = await loadConfig({ root, env, model, set, variables });
  const gitops = join(resolve(root, config.outputs), "gitops");
  const champion = existsSync(gitops)
    ? await readChampion(createLocalGit(gitops).committer, { env, model })
    : undefined;
  const { kind, reason } = await planTraining(config, {
    root,
    codeRoot,
    storage: openStorage(config.models.uri, root),
    champion,
  });
  const lines = [
    `${model} in ${env}: ${deeds[kind]} (${reason})`,
    `  data      ${config.data.root}/${config.data.path}`,
    `  models    ${config.models.uri}`,
    `  MLflow    ${config.tracking.uri}`,
    `  champion  ${champion ? `version ${champion.version}, ${champion.modelDigest}` : "none yet"}`,
    `  promotes  into ${shown(gitops)}`,
  ];
  return { code: ExitCode.done, lines };
}
