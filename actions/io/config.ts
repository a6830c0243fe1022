import { resolve } from "node:path";
import { loadConfig } from "#config/load.ts";
import type { Config } from "#config/schema.ts";
import { runnerVariables } from "./env.ts";
import { readEvent } from "./event.ts";

/** The inputs that choose a configuration. */
export interface ConfigInputs {
  env: string;
  root: string;
  set: readonly string[];
}

/**
 * The configuration of a model, with the job's variables and the input `set`. In a pull request's run models are kept
 * beside the released ones, in `pull-requests`: what its code has made is never taken for the branch's. Where GitHub gives
 * the run no secret they stay on the runner.
 */
export async function loadActionConfig({ env, root, set }: ConfigInputs, model: string): Promise<Config> {
  const variables = runnerVariables();
  const config = await loadConfig({ root: resolve(root), env, model, set, variables });
  if (variables["GITHUB_EVENT_NAME"] !== "pull_request") return config;
  const { pullRequest } = await readEvent();
  const base = pullRequest?.isUntrusted ? `${config.outputs}/models` : config.models.uri;
  return { ...config, models: { uri: `${base.replace(/\/+$/, "")}/pull-requests` } };
}
