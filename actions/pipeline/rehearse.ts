import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { readChampion } from "#actions/gitops/champion.ts";
import { createLocalGit } from "#actions/gitops/local-git.ts";
import { planTraining, type TrainingParts } from "#actions/plan/training.ts";
import { ExitCode } from "#config/exit-code.ts";
import { loadConfig } from "#config/load.ts";
import type { Config } from "#config/schema.ts";
import { expectedManifest } from "#training/data/manifest.ts";
import { metricName } from "#training/metric-text.ts";
import { openStorage } from "#training/storage/open.ts";
import { settingsText } from "#training/sweep/event-lines.ts";
import { planSweep } from "#training/sweep/open.ts";
import { readRecord, recordKey } from "#training/sweep/records.ts";
import type { Arguments } from "./arguments.ts";
import { type Ending, shown } from "./wording.ts";

const deeds = {
  train: "would train, evaluate and judge it, then register and promote it if it passes",
  reuse: "would not train; would evaluate and judge it, then register and promote it if it passes",
  nothing: "would do nothing",
};

async function rehearseTraining(config: Config, parts: TrainingParts): Promise<string[]> {
  const { kind, reason } = await planTraining(config, parts);
  return [`${deeds[kind]} (${reason})`];
}

async function rehearseSweep(
  config: Config,
  { root, codeRoot, storage }: Omit<TrainingParts, "champion">,
): Promise<string[]> {
  const files = (await expectedManifest(config.data, { root, codeRoot })) ?? []; // else the data has to be brought first
  const plan = await planSweep({ root, codeRoot, config, files });
  const records = plan.trials.map((trial) => readRecord(storage, recordKey(plan, trial), config.model));
  const known = await Promise.all(records);
  const done = known.filter((record) => record !== undefined).length;
  return [
    `would train ${plan.trials.length - done} of ${plan.trials.length} trials (${done} are done); the best by ${metricName(plan.metric)} on validation would be evaluated and judged, then registered and promoted if it passes`,
    ...plan.trials.map(
      ({ number, settings }, index) =>
        `  trial ${String(number).padEnd(4)}${settingsText(settings)}${known[index] ? " (done)" : ""}`,
    ),
  ];
}

/** Tells what the road would do with a model, and why. Starts and changes nothing. */
export async function rehearse(
  { env, model, set, sweep }: Arguments,
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
  const storage = openStorage(config.models.uri, root);
  const [deed = "", ...details] = sweep
    ? await rehearseSweep(config, { root, codeRoot, storage })
    : await rehearseTraining(config, { root, codeRoot, storage, champion });
  const lines = [
    `${model} in ${env}: ${deed}`,
    `  data      ${config.data.root}/${config.data.path}`,
    `  models    ${config.models.uri}`,
    `  MLflow    ${config.tracking.uri}`,
    `  champion  ${champion ? `version ${champion.version}, ${champion.modelDigest}` : "none yet"}`,
    `  promotes  into ${shown(gitops)}`,
    ...details,
  ];
  return { code: ExitCode.done, lines };
}
