import { resolve } from "node:path";
import { readOverlay } from "#actions/gitops/overlay.ts";
import { overlayText } from "#actions/gitops/overlay-text.ts";
import { serverDigest, servingTree } from "#actions/gitops/server-digest.ts";
import { codeRoot } from "#actions/io/code-root.ts";
import { loadActionConfig } from "#actions/io/config.ts";
import { connectGitHub } from "#actions/io/connect.ts";
import { readInputs } from "#actions/io/inputs.ts";
import { info } from "#actions/io/log.ts";
import { setOutputs } from "#actions/io/outputs.ts";
import { runAction } from "#actions/io/run-action.ts";
import { writeSummary } from "#actions/io/summary.ts";
import { listModels } from "#config/load.ts";
import type { Config } from "#config/schema.ts";
import { openStorage } from "#training/storage/open.ts";
import { Inputs } from "./inputs.ts";
import { matrix, type Planned, planTable } from "./matrix.ts";
import { firstEnvironment, plan } from "./run.ts";

await runAction(async () => {
  const inputs = readInputs(Inputs);
  const root = resolve(inputs.root);
  const tree = await servingTree(codeRoot);
  const connect = () => connectGitHub(inputs.token);
  const championOf = async (config: Config) => {
    const source = await overlayText(config, { root, connect });
    return source === undefined ? undefined : readOverlay(source);
  };

  const planned: Planned[] = [];
  for (const model of inputs.models.length > 0 ? inputs.models : await listModels(root)) {
    const config = await loadActionConfig(inputs, model);
    const champion = await championOf(config);
    const storage = openStorage(config.models.uri, root);
    const devRelease = async () => championOf(await loadActionConfig({ ...inputs, env: firstEnvironment }, model));
    const server = serverDigest(tree, config.serving);
    const decided = await plan(config, { root, codeRoot, storage, champion, server, devRelease });
    info(`${model}: ${decided.kind} (${decided.reason})`);
    planned.push({ model, plan: decided, champion });
  }
  const jobs = matrix(planned);
  await writeSummary(planTable(inputs.env, planned).markdown);
  setOutputs({ matrix: JSON.stringify(jobs), count: String(jobs.include.length) });
  return undefined;
});
