import { ask, statusOf } from "./ask.ts";
import { type Finding, findingsAbout } from "./finding.ts";
import type { RepositoryPlace } from "./repository.ts";

/** Whether the token is taken, and the repository can be written and runs workflows. */
export async function checkToken({ github, owner, repo }: RepositoryPlace): Promise<Finding[]> {
  const about = findingsAbout(`${owner}/${repo}`);
  try {
    const { data } = await github.rest.repos.get({ owner, repo });
    if (data.archived) return [about.problem("the repository is archived", "unarchive it: nothing can be committed")];
  } catch (error) {
    const status = statusOf(error);
    if (status === 401)
      return [about.problem("GitHub does not take the token (401)", "make a new one: `gh auth token` prints yours")];
    if (status !== 403 && status !== 404) throw error;
    const remedy = "check the name, and give the token access to this repository";
    return [about.problem(`the token sees no such repository (${status})`, remedy)];
  }
  const settings = await ask(github.rest.actions.getGithubActionsPermissionsRepository({ owner, repo }));
  if (!settings) {
    const remedy = "ask with a token that has Administration: read; or look in Settings, Actions, General";
    return [about.ok("the token sees it"), about.unknown("whether Actions is on, and which actions it allows", remedy)];
  }
  const { enabled, allowed_actions: allowed = "all" } = settings.data;
  if (!enabled) return [about.problem("Actions is off", "Settings, Actions, General: allow actions")];
  if (allowed === "local_only") {
    const remedy = "Settings, Actions, General: allow those of actions/* and docker/* too";
    return [about.problem("Actions runs none but the repository's own actions", remedy)];
  }
  return [about.ok(`the token sees it; Actions is on, and allows ${allowed} actions`)];
}
