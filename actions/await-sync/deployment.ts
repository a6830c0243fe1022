import { Repository } from "#actions/gitops/github-failure.ts";
import type { GitHub } from "#actions/io/github.ts";
import type { Awakening } from "./run.ts";

/** A promotion that people follow on GitHub, on the code's own commit. */
export interface Followed {
  repository: string; // owner/name of the code
  ref: string; // its commit
  env: string;
  model: string;
  url: string | undefined; // where the Application is shown
  logUrl: string; // of this run
}

const states = { deployed: "success", superseded: "inactive", failed: "failure", timeout: "error" } as const;

/** Opens a deployment of the environment on GitHub; `end` gives it its last status. A new success makes the one before inactive. */
export async function openDeployment(github: GitHub, followed: Followed) {
  const { repository, ref, env, model, url, logUrl } = followed;
  const place = Repository.parse(repository);
  const { data } = await github.rest.repos.createDeployment({
    ...place,
    ref,
    environment: `${env}/${model}`,
    description: `Slipway deploys ${model} to ${env}`,
    auto_merge: false,
    required_contexts: [], // the gate has judged
    production_environment: env === "prod",
  });
  if (!("id" in data)) throw new Error(`${repository}: GitHub made no deployment of ${ref}: ${data.message}`);
  const tell = async (state: "in_progress" | (typeof states)[Awakening["kind"]], description: string) => {
    await github.rest.repos.createDeploymentStatus({
      ...place,
      deployment_id: data.id,
      state,
      description: description.slice(0, 140), // as much as GitHub takes
      log_url: logUrl,
      ...(url && { environment_url: url }),
    });
  };
  await tell("in_progress", `waits for Argo CD`);
  return { end: ({ kind, reason }: Pick<Awakening, "kind" | "reason">) => tell(states[kind], reason) };
}
