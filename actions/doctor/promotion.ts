import type { Config, Promotion } from "#config/schema.ts";
import { ask } from "./ask.ts";
import { type Finding, findingsAbout } from "./finding.ts";
import type { RepositoryPlace, Settings } from "./repository.ts";

const blocking = ["pull_request", "required_status_checks", "required_deployments", "update", "merge_queue"];
const app = "a GitHub App (variable SLIPWAY_APP_CLIENT_ID, secret SLIPWAY_APP_PRIVATE_KEY)";

/** Whether promotions can land where the configuration sends them, by rulesets and the identity that commits. */
export async function checkPromotion(
  place: RepositoryPlace,
  { configs, settings }: { configs: readonly Config[]; settings: Settings },
): Promise<Finding[]> {
  const targets = new Map(configs.map(({ promotion }) => [JSON.stringify(promotion), promotion]));
  const found = await Promise.all([...targets.values()].map((target) => checkTarget(place, target, settings)));
  return found.flat();
}

async function checkTarget(place: RepositoryPlace, target: Promotion, { variables }: Settings): Promise<Finding[]> {
  const here = `${place.owner}/${place.repo}`;
  const [owner = "", repo = ""] = (target.repository ?? here).split("/");
  const about = findingsAbout(`promotion into ${owner}/${repo}`);
  const hasApp = variables && Boolean(variables["SLIPWAY_APP_CLIENT_ID"]);
  if (`${owner}/${repo}` !== here && hasApp === false) {
    return [about.problem("GITHUB_TOKEN reaches no other repository", `set up ${app} that is installed there`)];
  }
  const seen = await ask(place.github.rest.repos.get({ owner, repo }));
  if (!seen)
    return [about.unknown("the token does not see that repository", "ask with one that has Contents: read there")];
  const branch = target.branch ?? seen.data.default_branch;
  if (target.mode === "pull-request") return [await checkPullRequests(place, hasApp)];
  const rules = await place.github.paginate(place.github.rest.repos.getBranchRules, { owner, repo, branch });
  const broken = [...new Set(rules.map(({ type }) => type).filter((type) => blocking.includes(type)))];
  const remedy = `set up ${app} and put it on the ruleset's bypass list; or set promotion.mode: pull-request; or promote into another branch or repository`;
  if (broken.length > 0 && hasApp) {
    return [
      about.unknown(
        `whether the App may pass ${branch}'s rules (${broken.join(", ")})`,
        "look at the ruleset's bypass list: it must name the App",
      ),
    ];
  }
  if (broken.length > 0)
    return [about.problem(`${branch}'s rules (${broken.join(", ")}) refuse GITHUB_TOKEN's commits`, remedy)];
  const head = await ask(place.github.rest.repos.getBranch({ owner, repo, branch }));
  if (!head)
    return [
      about.unknown(`whether there is a branch ${branch}`, "create it; to see it the token needs Contents: read"),
    ];
  if (head.data.protected && rules.length === 0) {
    return [
      about.unknown(
        `whether ${branch}'s older branch protection lets commits through`,
        `look in Settings, Branches; GITHUB_TOKEN can't pass it: ${remedy}`,
      ),
    ];
  }
  return [about.ok(`commits to ${branch}; no rule is in the way`)];
}

async function checkPullRequests(
  { github, owner, repo }: RepositoryPlace,
  hasApp: boolean | undefined,
): Promise<Finding> {
  const about = findingsAbout("promotion by pull request");
  if (hasApp) return about.ok("the App opens them, and they start workflows");
  const remedy = `Settings, Actions, General: "Allow GitHub Actions to create and approve pull requests"; or set up ${app}`;
  const workflow = await ask(github.rest.actions.getGithubActionsDefaultWorkflowPermissionsRepository({ owner, repo }));
  if (!workflow) return about.unknown("whether Actions may create pull requests", remedy);
  if (!workflow.data.can_approve_pull_request_reviews)
    return about.problem("Actions may not create pull requests", remedy);
  return about.advice(
    "pull requests of GITHUB_TOKEN start no workflow, so required checks never come",
    `set up ${app}, if the target requires checks`,
  );
}
